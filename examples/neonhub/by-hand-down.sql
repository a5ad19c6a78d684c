-- Takes back what by-hand.sql did, one table at a time: a transaction that locks users and then models deadlocks with an
-- INSERT INTO models, which locks models and then, for its foreign key, users.
BEGIN;
DROP TRIGGER mirror_users ON users;
DROP FUNCTION mirror_users();
ALTER TABLE users DROP federation_id, DROP node_id, DROP consent_records;
COMMIT;

BEGIN;
DROP TRIGGER mirror_models ON models;
DROP FUNCTION mirror_models();
ALTER TABLE models DROP federation_metadata, DROP federation_model_data;
COMMIT;
