-- The functions by which machines push: the only ones that write the tables. Version 1.
--
-- They run with the rights of the schema's owner. Each first locks the row of its machine, so pushes of one machine come
-- one after the other; those of different machines meet nowhere but in `months`. What is looked up row by row stands in
-- subqueries, so that no plan, made while a table was small, reads all of it later.

-- Begin a push: make the machine known, under a name that no other has.
CREATE FUNCTION fased_usage.begin(
  host_key text, host_name text, OUT name text, OUT ledger text, OUT sent bigint, OUT sent_call text,
  OUT conversations text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  other text := host_name || '-' || left(host_key, 6);
BEGIN
  SELECT host.name, host.ledger, host.sent, host.sent_call, host.conversations
    INTO name, ledger, sent, sent_call, conversations
    FROM fased_usage.host WHERE host.key = host_key;
  IF NOT FOUND OR name NOT IN (host_name, other) THEN
    PERFORM pg_advisory_xact_lock(hashtext('fased_usage'), 1);
    IF EXISTS (SELECT FROM fased_usage.host WHERE host.name = host_name AND host.key <> host_key) THEN
      host_name := other;
    END IF;
    INSERT INTO fased_usage.host AS host (key, name) VALUES (host_key, host_name)
      ON CONFLICT (key) DO UPDATE SET name = excluded.name
      RETURNING host.name, host.ledger, host.sent, host.sent_call, host.conversations
      INTO name, ledger, sent, sent_call, conversations;
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

-- What rows of calls add to the sums per hour, or take from them; those which are not counted add nothing.
CREATE FUNCTION fased_usage.sums(calls fased_usage.call[], sign integer) RETURNS SETOF fased_usage.rollup_hour
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT started_at_ms / 3600000, dimension, sign * count(*), sign * count(*) FILTER (WHERE status IN ('error', 'interrupted')),
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

-- Add such sums to one of the two tables.
CREATE FUNCTION fased_usage.add_sums(roll_up regclass, parts fased_usage.rollup_hour[], width integer, fine boolean) RETURNS void
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
  parts fased_usage.rollup_hour[];
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
  PERFORM fased_usage.add_sums('fased_usage.rollup_hour', parts, 1, false);
  PERFORM fased_usage.add_sums('fased_usage.rollup_session', parts, 24, true);
  UPDATE fased_usage.host SET sent = last_id, sent_call = last_call, pushed_at = now() WHERE id = machine;
  RETURN true;
END
$$;

-- The machine's conversations that are there, as an object: agent and name, with a line break between, to digest.
CREATE FUNCTION fased_usage.known_conversations(host_key text) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(json_object_agg(agent || chr(10) || conversation.name, digest), '{}')
    FROM fased_usage.conversation JOIN fased_usage.host ON host.id = conversation.host WHERE host.key = host_key
$$;

-- Keep conversations (objects with the columns of `conversation`, and lists of objects `activity` and `tool_use`) instead
-- of what was known of them; and the digest of all of them, if these were the last to be sent.
CREATE FUNCTION fased_usage.keep_conversations(host_key text, given json, all_of_them text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  machine integer;
  ids integer[];
BEGIN
  SELECT id INTO STRICT machine FROM fased_usage.host WHERE key = host_key FOR UPDATE;
  INSERT INTO fased_usage.conversation (host, agent, name, digest, session_id, session, label, channel, source, task,
      chat_type, provider, model, provider_override, model_override, updated_at_ms, first_ms, last_ms)
    SELECT machine, agent, name, digest, session_id, session, label, channel, source, task, chat_type, provider, model,
        provider_override, model_override, updated_at_ms, first_ms, last_ms
      FROM json_populate_recordset(NULL::fased_usage.conversation, given)
    ON CONFLICT (host, agent, name) DO UPDATE SET digest = excluded.digest, session_id = excluded.session_id,
      session = excluded.session, label = excluded.label, channel = excluded.channel, source = excluded.source,
      task = excluded.task, chat_type = excluded.chat_type, provider = excluded.provider, model = excluded.model,
      provider_override = excluded.provider_override, model_override = excluded.model_override,
      updated_at_ms = excluded.updated_at_ms, first_ms = excluded.first_ms, last_ms = excluded.last_ms;
  ids := ARRAY(
    SELECT (
      SELECT c.id FROM fased_usage.conversation AS c
        WHERE c.host = machine AND c.agent = one ->> 'agent' AND c.name = one ->> 'name'
    )
    FROM json_array_elements(given) AS one
  );
  DELETE FROM fased_usage.activity WHERE conversation = ANY (ids);
  DELETE FROM fased_usage.tool_use WHERE conversation = ANY (ids);
  INSERT INTO fased_usage.activity
    SELECT a.bucket, ids[place], a.user_messages, a.assistant_messages, a.tool_calls, a.tool_results, a.errors
      FROM json_array_elements(given) WITH ORDINALITY AS c (one, place),
        json_populate_recordset(NULL::fased_usage.activity, one -> 'activity') AS a;
  INSERT INTO fased_usage.tool_use
    SELECT t.bucket, ids[place], t.name, t.calls
      FROM json_array_elements(given) WITH ORDINALITY AS c (one, place),
        json_populate_recordset(NULL::fased_usage.tool_use, one -> 'tool_use') AS t;
  IF all_of_them IS NOT NULL THEN
    UPDATE fased_usage.host SET conversations = all_of_them WHERE id = machine;
  END IF;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fased_usage FROM PUBLIC;
