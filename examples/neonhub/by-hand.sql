-- For the tests of the services only: what the plan's steps do with the help of Changeover, written by hand.
-- The columns of v4 and the mirror in both directions, one table at a time (see by-hand-down.sql).

BEGIN;
ALTER TABLE users ADD federation_id uuid, ADD node_id varchar(255), ADD consent_records jsonb;

CREATE FUNCTION mirror_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.consent_records IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.consent_records IS DISTINCT FROM OLD.consent_records) THEN
    NEW.consent_given := (NEW.consent_records->>'consentGiven')::boolean;
  ELSE
    NEW.consent_records := jsonb_build_object('version', '4.0', 'timestamp', now(), 'scope', '["federated_learning", "cross_border_processing"]'::jsonb)
      || coalesce(NEW.consent_records, '{}') || jsonb_build_object('consentGiven', NEW.consent_given);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER mirror_users BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION mirror_users();
COMMIT;

BEGIN;
ALTER TABLE models ADD federation_metadata jsonb, ADD federation_model_data jsonb;

CREATE FUNCTION mirror_models() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.federation_model_data IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.federation_model_data IS DISTINCT FROM OLD.federation_model_data) THEN
    NEW.model_data := NEW.federation_model_data->'data';
  ELSE
    NEW.federation_model_data := jsonb_build_object('originalVersion', '3.3', 'migratedAt', now(), 'compressionEnabled', true, 'privacyPreserving', true)
      || coalesce(NEW.federation_model_data, '{}') || jsonb_build_object('data', NEW.model_data);
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER mirror_models BEFORE INSERT OR UPDATE ON models FOR EACH ROW EXECUTE FUNCTION mirror_models();
COMMIT;
