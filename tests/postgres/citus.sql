-- Has Citus spread the tables of each store that is made in this database, as docs/scale.md says
-- it, so that the tests run on it. For a coordinator that has its workers:
--   psql -f tests/postgres/citus.sql URL
--   SATORI_STORE_POSTGRES=URL scripts/test-postgres --test read --test write
CREATE FUNCTION public.spread() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The last statement of the migrations.
  IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE '%.quarantine')
    AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'streams'::regclass)
  THEN
    PERFORM create_distributed_table('streams', 'stream');
    PERFORM create_distributed_table('observations', 'stream', colocate_with => 'streams');
  END IF;
END $$;

CREATE EVENT TRIGGER spread ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
  EXECUTE FUNCTION public.spread();
