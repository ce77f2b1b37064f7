-- What else the price of a call depends on, as a short JSON object; NULL where there is nothing of it. Version 3.
ALTER TABLE fased_usage.call ADD COLUMN billing text COLLATE "C";
-- Estimates are few, and reports count them.
CREATE INDEX call_estimate ON fased_usage.call (started_at_ms) WHERE cost_source = 'estimate';
