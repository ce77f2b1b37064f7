-- The proxy's id of a call, by which its spend rows are found; NULL where it took ours. Version 2.
--
-- `push` takes and keeps the columns that `call` has, so it takes this one, too. From machines that do not send it yet it
-- keeps NULL.
ALTER TABLE fased_usage.call ADD COLUMN proxy_call_id text COLLATE "C";
