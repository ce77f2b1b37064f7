-- The usage of many machines, in one schema of a PostgreSQL database. Version 1.
--
-- The tables have the columns of the local ledger, so that the same questions can be asked of both. They are written by
-- the functions below alone, with the rights of the schema's owner: a role that pushes may call these, and needs no right
-- on any table. Each function first locks the row of its machine, so pushes of one machine come one after the other, and
-- those of different machines meet nowhere but in `months`. What they look up row by row stands in subqueries, so that no
-- plan, made while a table was small, reads all of it later.

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
  price_note text COLLATE "C"
) PARTITION BY RANGE (started_at_ms);
CREATE INDEX ON fased_usage.call (started_at_ms);
CREATE INDEX ON fased_usage.call (dimension, started_at_ms);
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

-- What the counted calls of one combination sum up to in a bucket of UTC: 15 minutes, an hour, a day, and a day with the
-- session. They change in the transaction of the rows.
CREATE TABLE fased_usage.rollup (
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
CREATE TABLE fased_usage.rollup_hour (LIKE fased_usage.rollup INCLUDING ALL);
CREATE TABLE fased_usage.rollup_day (LIKE fased_usage.rollup INCLUDING ALL);
CREATE TABLE fased_usage.rollup_session (LIKE fased_usage.rollup INCLUDING ALL);
CREATE INDEX ON fased_usage.rollup (dimension);
CREATE INDEX ON fased_usage.rollup_session (dimension);

-- Begin a push: make the machine known, under a name that no other has.
CREATE FUNCTION fased_usage.begin(
  host_key text, host_name text, OUT name text, OUT ledger text, OUT sent bigint, OUT sent_call text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  other text := host_name || '-' || left(host_key, 6);
BEGIN
  SELECT host.name, host.ledger, host.sent, host.sent_call INTO name, ledger, sent, sent_call
    FROM fased_usage.host WHERE host.key = host_key;
  IF NOT FOUND OR name NOT IN (host_name, other) THEN
    PERFORM pg_advisory_xact_lock(hashtext('fased_usage'), 1);
    IF EXISTS (SELECT FROM fased_usage.host WHERE host.name = host_name AND host.key <> host_key) THEN
      host_name := other;
    END IF;
    INSERT INTO fased_usage.host AS host (key, name) VALUES (host_key, host_name)
      ON CONFLICT (key) DO UPDATE SET name = excluded.name
      RETURNING host.name, host.ledger, host.sent, host.sent_call INTO name, ledger, sent, sent_call;
  END IF;
END
$$;

-- Send all of a ledger anew, because it is not the one that was sent before. False if another push was quicker.
CREATE FUNCTION fased_usage.restart(host_key text, old_ledger text, old_sent bigint, new_ledger text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH done AS (
    UPDATE fased_usage.host SET ledger = new_ledger, sent = 0, sent_call = NULL
      WHERE key = host_key AND ledger = old_ledger AND sent = old_sent RETURNING 1
  )
  SELECT count(*) = 1 FROM done
$$;

-- Make the partitions for calls that began at these times, as far as they are missing.
CREATE FUNCTION fased_usage.months(times bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  month timestamp;
  partition text;
BEGIN
  FOR month IN
    SELECT DISTINCT date_trunc('month', to_timestamp(moment / 1000) AT TIME ZONE 'UTC') FROM unnest(times) AS moment
      WHERE moment >= 1577836800000 AND moment < 4102444800000 ORDER BY 1
  LOOP
    partition := 'call_' || to_char(month, 'YYYY_MM');
    IF to_regclass('fased_usage.' || partition) IS NULL THEN
      -- Another machine may be about to make it.
      LOCK TABLE fased_usage.call IN SHARE UPDATE EXCLUSIVE MODE;
      IF to_regclass('fased_usage.' || partition) IS NULL THEN
        -- In two steps, since ATTACH does not stop those who read or write other months meanwhile.
        EXECUTE format('CREATE TABLE fased_usage.%I (LIKE fased_usage.call INCLUDING ALL)', partition);
        EXECUTE format(
          'ALTER TABLE fased_usage.call ATTACH PARTITION fased_usage.%I FOR VALUES FROM (%s) TO (%s)', partition,
          (extract(epoch FROM month) * 1000)::bigint, (extract(epoch FROM month + interval '1 month') * 1000)::bigint
        );
      END IF;
    END IF;
  END LOOP;
END
$$;

-- What stands for a combination of names in the index.
CREATE FUNCTION fased_usage.digest(session text, names fased_usage.combination) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(convert_to(json_build_array(session, names.task, names.agent, names.channel, names.source, names.role,
    names.provider, names.model, names.status, names.served_model)::text, 'UTF8'))
$$;

-- Keep combinations of names (objects with the columns of `combination`); gives their ids in the same order.
CREATE FUNCTION fased_usage.combinations(host_key text, names json) RETURNS integer[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  machine integer;
  given fased_usage.combination[];
BEGIN
  SELECT id INTO STRICT machine FROM fased_usage.host WHERE key = host_key FOR UPDATE;
  given := ARRAY(SELECT n FROM json_populate_recordset(NULL::fased_usage.combination, names) AS n);
  -- First those without a session, which the others refer to.
  INSERT INTO fased_usage.combination
      (host, digest, session, task, agent, channel, source, role, provider, model, status, served_model)
    SELECT DISTINCT machine, fased_usage.digest('', n), '', n.task, n.agent, n.channel, n.source, n.role, n.provider,
        n.model, n.status, n.served_model
      FROM unnest(given) AS n
    ON CONFLICT (host, digest) DO NOTHING;
  INSERT INTO fased_usage.combination
      (host, digest, coarse, session, task, agent, channel, source, role, provider, model, status, served_model)
    SELECT machine, fased_usage.digest(n.session, n),
        (SELECT c.id FROM fased_usage.combination AS c WHERE c.host = machine AND c.digest = fased_usage.digest('', n)),
        n.session, n.task, n.agent, n.channel, n.source, n.role, n.provider, n.model, n.status, n.served_model
      FROM unnest(given) AS n WHERE n.session <> ''
    ON CONFLICT (host, digest) DO NOTHING;
  RETURN ARRAY(
    SELECT (
      SELECT c.id FROM fased_usage.combination AS c
        WHERE c.host = machine AND c.digest = fased_usage.digest(n.session, n)
    )
    FROM unnest(given) AS n
  );
END
$$;

-- What rows of calls add to the sums per 15 minutes, or take from them; those which are not counted add nothing.
CREATE FUNCTION fased_usage.sums(calls fased_usage.call[], sign integer) RETURNS SETOF fased_usage.rollup
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT started_at_ms / 900000, dimension, sign * count(*), sign * count(*) FILTER (WHERE status IN ('error', 'interrupted')),
    sign * sum(input_tokens), sign * sum(output_tokens), sign * sum(cache_read_tokens), sign * sum(cache_write_tokens),
    sign * sum(reasoning_tokens), sign * sum(total_tokens),
    sign * coalesce(sum(cost_pico), 0), sign * count(cost_pico),
    sign * count(*) FILTER (WHERE cost_pico IS NULL
      AND (total_tokens > 0 OR status <> 'error' OR cause IN ('timeout', 'connection-lost'))),
    sign * coalesce(sum(input_cost_pico), 0), sign * coalesce(sum(output_cost_pico), 0),
    sign * coalesce(sum(cache_read_cost_pico), 0), sign * coalesce(sum(cache_write_cost_pico), 0),
    sign * coalesce(sum(total_tokens) FILTER (WHERE cost_pico IS NULL), 0)
  FROM unnest(calls) AS c JOIN fased_usage.combination ON combination.id = c.dimension
  WHERE counted GROUP BY 1, 2
$$;

-- Add such sums to one of the four tables.
CREATE FUNCTION fased_usage.add_sums(roll_up regclass, parts fased_usage.rollup[], width integer, fine boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format($sql$
    INSERT INTO %1$s AS old
      SELECT p.bucket / $2, CASE WHEN $3 THEN c.id ELSE coalesce(c.coarse, c.id) END,
        sum(p.calls), sum(p.failed), sum(p.input_tokens), sum(p.output_tokens), sum(p.cache_read_tokens),
        sum(p.cache_write_tokens), sum(p.reasoning_tokens), sum(p.total_tokens), sum(p.cost_pico), sum(p.priced_calls),
        sum(p.unpriced_calls), sum(p.input_cost_pico), sum(p.output_cost_pico), sum(p.cache_read_cost_pico),
        sum(p.cache_write_cost_pico), sum(p.unpriced_tokens)
      FROM unnest($1) AS p JOIN fased_usage.combination AS c ON c.id = p.dimension GROUP BY 1, 2
    ON CONFLICT (bucket, dimension) DO UPDATE SET
      calls = old.calls + excluded.calls, failed = old.failed + excluded.failed,
      input_tokens = old.input_tokens + excluded.input_tokens,
      output_tokens = old.output_tokens + excluded.output_tokens,
      cache_read_tokens = old.cache_read_tokens + excluded.cache_read_tokens,
      cache_write_tokens = old.cache_write_tokens + excluded.cache_write_tokens,
      reasoning_tokens = old.reasoning_tokens + excluded.reasoning_tokens,
      total_tokens = old.total_tokens + excluded.total_tokens,
      cost_pico = old.cost_pico + excluded.cost_pico, priced_calls = old.priced_calls + excluded.priced_calls,
      unpriced_calls = old.unpriced_calls + excluded.unpriced_calls,
      input_cost_pico = old.input_cost_pico + excluded.input_cost_pico,
      output_cost_pico = old.output_cost_pico + excluded.output_cost_pico,
      cache_read_cost_pico = old.cache_read_cost_pico + excluded.cache_read_cost_pico,
      cache_write_cost_pico = old.cache_write_cost_pico + excluded.cache_write_cost_pico,
      unpriced_tokens = old.unpriced_tokens + excluded.unpriced_tokens
  $sql$, roll_up) USING parts, width, fine;
  -- A sum over no calls any more is no group of a report.
  EXECUTE format($sql$
    DELETE FROM %1$s AS old USING unnest($1) AS p JOIN fased_usage.combination AS c ON c.id = p.dimension
      WHERE old.bucket = p.bucket / $2 AND old.dimension = CASE WHEN $3 THEN c.id ELSE coalesce(c.coarse, c.id) END
        AND old.calls = 0 AND p.calls < 0
  $sql$, roll_up) USING parts, width, fine;
END
$$;

-- Keep rows (objects with the columns of `call`) and how far the ledger was sent, both or neither. A call that is there
-- already is replaced. False, and nothing was done, where the ledger was not sent exactly as far as `after_id`: another
-- push was quicker, or this repeats one that did succeed.
CREATE FUNCTION fased_usage.push(
  host_key text, from_ledger text, after_id bigint, last_id bigint, last_call text, calls json
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  machine integer;
  fresh fased_usage.call[];
  known fased_usage.call_key[];
  old fased_usage.call[] := '{}';
  same text[] := '{}';
  here fased_usage.call[];
  parts fased_usage.rollup[];
  month timestamp;
  bounds text;
BEGIN
  SELECT id INTO machine FROM fased_usage.host
    WHERE key = host_key AND ledger = from_ledger AND sent = after_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  fresh := ARRAY(SELECT c FROM json_populate_recordset(NULL::fased_usage.call, calls) AS c);
  IF EXISTS (
    SELECT FROM (SELECT DISTINCT dimension FROM unnest(fresh)) AS f
      WHERE (SELECT c.host FROM fased_usage.combination AS c WHERE c.id = f.dimension) IS DISTINCT FROM machine
  ) THEN
    RAISE EXCEPTION 'these rows have names of another host';
  END IF;

  -- The rows that are there already: what is the same stays, what changed is taken away. Month by month, with the bounds
  -- written out, so that no other partition is touched or locked.
  known := ARRAY(
    SELECT k FROM (
      SELECT (SELECT k FROM fased_usage.call_key AS k WHERE k.host = machine AND k.call_id = f.call_id) AS k
        FROM unnest(fresh) AS f
    ) AS looked_up WHERE k IS NOT NULL
  );
  FOR month IN
    SELECT DISTINCT date_trunc('month', to_timestamp(started_at_ms / 1000) AT TIME ZONE 'UTC') FROM unnest(known)
  LOOP
    bounds := format(
      'c.started_at_ms >= %s AND c.started_at_ms < %s',
      (extract(epoch FROM month) * 1000)::bigint, (extract(epoch FROM month + interval '1 month') * 1000)::bigint
    );
    EXECUTE 'SELECT array_agg(c) FROM unnest($1) AS k JOIN fased_usage.call AS c USING (dimension, started_at_ms, call_id)
      WHERE ' || bounds INTO here USING known;
    same := same || ARRAY(SELECT o.call_id FROM unnest(here) AS o JOIN unnest(fresh) AS f USING (call_id) WHERE f = o);
    here := ARRAY(SELECT o FROM unnest(here) AS o JOIN unnest(fresh) AS f USING (call_id) WHERE f <> o);
    EXECUTE 'DELETE FROM fased_usage.call AS c USING unnest($1) AS o WHERE c.dimension = o.dimension
      AND c.started_at_ms = o.started_at_ms AND c.call_id = o.call_id AND ' || bounds USING here;
    old := old || here;
  END LOOP;
  IF same <> '{}' THEN
    fresh := ARRAY(SELECT f FROM unnest(fresh) AS f WHERE NOT EXISTS (SELECT FROM unnest(same) AS s WHERE s = f.call_id));
  END IF;

  INSERT INTO fased_usage.call SELECT * FROM unnest(fresh);
  INSERT INTO fased_usage.call_key SELECT machine, call_id, dimension, started_at_ms FROM unnest(fresh)
    ON CONFLICT (host, call_id) DO UPDATE SET dimension = excluded.dimension, started_at_ms = excluded.started_at_ms;
  parts := ARRAY(SELECT s FROM fased_usage.sums(fresh, 1) AS s) || ARRAY(SELECT s FROM fased_usage.sums(old, -1) AS s);
  PERFORM fased_usage.add_sums('fased_usage.rollup', parts, 1, true);
  PERFORM fased_usage.add_sums('fased_usage.rollup_hour', parts, 4, false);
  PERFORM fased_usage.add_sums('fased_usage.rollup_day', parts, 96, false);
  PERFORM fased_usage.add_sums('fased_usage.rollup_session', parts, 96, true);
  UPDATE fased_usage.host SET sent = last_id, sent_call = last_call, pushed_at = now() WHERE id = machine;
  RETURN true;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fased_usage FROM PUBLIC;
GRANT SELECT ON fased_usage.version TO PUBLIC;
