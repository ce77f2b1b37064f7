-- The usage of many machines, in one schema of a PostgreSQL database. Version 1.
--
-- The tables have the columns of the local ledger, so that the same questions can be asked of both. Only the functions
-- beside this file write them: a role that pushes may call these, and needs no right on any table.

CREATE SCHEMA fased_usage;

CREATE TABLE fased_usage.version (version integer NOT NULL);
INSERT INTO fased_usage.version VALUES (1);

-- A machine, and how far its ledger was sent. `key` is the ledger's own id of its host. Ids of rows mean something only
-- within one file: `ledger` is the id of that file, `sent` the last row that came from it, `sent_call` that row's call.
CREATE TABLE fased_usage.host (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text COLLATE "C" NOT NULL UNIQUE,
  name text COLLATE "C" NOT NULL UNIQUE,
  ledger text COLLATE "C" NOT NULL DEFAULT '',
  sent bigint NOT NULL DEFAULT 0,
  sent_call text COLLATE "C",
  conversations text COLLATE "C" NOT NULL DEFAULT '',  -- a digest of all that is known of them
  pushed_at timestamptz
);

-- Each combination of names that the calls of a machine have, once; '' is none. `coarse` is the one with the same names
-- and no session, NULL where this is it. The digest stands for the names in the index, which has room for short ones only.
CREATE TABLE fased_usage.combination (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  host integer NOT NULL REFERENCES fased_usage.host (id),
  digest bytea NOT NULL,
  coarse integer,
  session text COLLATE "C" NOT NULL, task text COLLATE "C" NOT NULL, agent text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, role text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL, model text COLLATE "C" NOT NULL, status text COLLATE "C" NOT NULL,
  served_model text COLLATE "C" NOT NULL,
  UNIQUE (host, digest)
);
CREATE INDEX ON fased_usage.combination (session);
CREATE INDEX ON fased_usage.combination (task);

-- The ledger's table of this name, and the machine's name.
CREATE VIEW fased_usage.dimension AS
  SELECT combination.id, combination.coarse, host.name AS host, session, task, agent, channel, source, role, provider,
    model, status, served_model
  FROM fased_usage.combination JOIN fased_usage.host ON host.id = combination.host;

-- One row per call, a partition per month of its beginning (UTC). There is no default partition, into which rows of a
-- month could fall before the month's own is made: `months` makes it first. The two below take what a wrong clock dates,
-- so that no clock can make partitions without end.
CREATE TABLE fased_usage.call (
  id bigint NOT NULL,  -- in the ledger
  call_id text COLLATE "C" NOT NULL,
  dimension integer NOT NULL,
  started_at_ms bigint NOT NULL,
  input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
  cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL, total_tokens bigint NOT NULL,
  cost_pico bigint, cost_source text COLLATE "C" NOT NULL,
  cause text COLLATE "C", origin text COLLATE "C", http_status bigint,
  requested_model text COLLATE "C", deployment_id text COLLATE "C",
  retries bigint, fallbacks bigint,
  latency_ms double precision, time_to_first_token_ms double precision, proxy_overhead_ms double precision,
  proxy_version text COLLATE "C",
  response_id text COLLATE "C",
  counted boolean NOT NULL,
  input_cost_pico bigint, output_cost_pico bigint, cache_read_cost_pico bigint, cache_write_cost_pico bigint,
  price_note text COLLATE "C", proxy_call_id text COLLATE "C", billing text COLLATE "C"
) PARTITION BY RANGE (started_at_ms);
CREATE INDEX ON fased_usage.call (started_at_ms);
CREATE INDEX ON fased_usage.call (dimension, started_at_ms);
-- Estimates are few, and reports count them.
CREATE INDEX call_estimate ON fased_usage.call (started_at_ms) WHERE cost_source = 'estimate';
CREATE TABLE fased_usage.call_before_2020 PARTITION OF fased_usage.call FOR VALUES FROM (MINVALUE) TO (1577836800000);
CREATE TABLE fased_usage.call_from_2100 PARTITION OF fased_usage.call FOR VALUES FROM (4102444800000) TO (MAXVALUE);

-- Where the row of each call is. A key of a partitioned table has to contain the month, and would let a call stand in
-- two months once its beginning is corrected. This one does not: a call is there once, whatever becomes of its row.
CREATE TABLE fased_usage.call_key (
  host integer NOT NULL,
  call_id text COLLATE "C" NOT NULL,
  dimension integer NOT NULL,
  started_at_ms bigint NOT NULL,
  PRIMARY KEY (host, call_id)
);

-- What the counted calls of one combination sum up to in a bucket of UTC: an hour, and a day with the session. They change in
-- the transaction of the rows.
CREATE TABLE fased_usage.rollup_hour (
  bucket bigint NOT NULL,
  dimension integer NOT NULL,
  calls bigint NOT NULL, failed bigint NOT NULL,
  input_tokens bigint NOT NULL, output_tokens bigint NOT NULL,
  cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL, total_tokens bigint NOT NULL,
  cost_pico bigint NOT NULL, priced_calls bigint NOT NULL, unpriced_calls bigint NOT NULL,
  input_cost_pico bigint NOT NULL, output_cost_pico bigint NOT NULL,
  cache_read_cost_pico bigint NOT NULL, cache_write_cost_pico bigint NOT NULL,
  unpriced_tokens bigint NOT NULL,
  PRIMARY KEY (bucket, dimension)
);
CREATE TABLE fased_usage.rollup_session (LIKE fased_usage.rollup_hour INCLUDING ALL);
CREATE INDEX ON fased_usage.rollup_session (dimension);

-- What is known of the Node agent's conversations, and what went on in them: see the ledger's tables of these names. Each
-- has a digest of all of this, by which a machine sees which of them to send again.
CREATE TABLE fased_usage.conversation (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  host integer NOT NULL REFERENCES fased_usage.host (id),
  agent text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  session_id text COLLATE "C" NOT NULL, session text COLLATE "C" NOT NULL, label text COLLATE "C",
  channel text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, task text COLLATE "C" NOT NULL,
  chat_type text COLLATE "C", provider text COLLATE "C", model text COLLATE "C",
  provider_override text COLLATE "C", model_override text COLLATE "C",
  updated_at_ms bigint, first_ms bigint, last_ms bigint,
  UNIQUE (host, agent, name)
);
CREATE INDEX ON fased_usage.conversation (session);
CREATE INDEX ON fased_usage.conversation (session_id);
CREATE TABLE fased_usage.activity (
  bucket bigint NOT NULL,
  conversation integer NOT NULL REFERENCES fased_usage.conversation (id),
  user_messages bigint NOT NULL, assistant_messages bigint NOT NULL,
  tool_calls bigint NOT NULL, tool_results bigint NOT NULL, errors bigint NOT NULL,
  PRIMARY KEY (bucket, conversation)
);
CREATE INDEX ON fased_usage.activity (conversation);
CREATE TABLE fased_usage.tool_use (
  bucket bigint NOT NULL,
  conversation integer NOT NULL REFERENCES fased_usage.conversation (id),
  name text COLLATE "C" NOT NULL,
  calls bigint NOT NULL,
  PRIMARY KEY (bucket, conversation, name)
);
CREATE INDEX ON fased_usage.tool_use (conversation);

GRANT SELECT ON fased_usage.version TO PUBLIC;
