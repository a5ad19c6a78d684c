-- Takes back what by-hand.sql did.
DROP TRIGGER mirror_users ON users;
DROP TRIGGER mirror_models ON models;
DROP FUNCTION mirror_users(), mirror_models();
ALTER TABLE users DROP federation_id, DROP node_id, DROP consent_records;
ALTER TABLE models DROP federation_metadata, DROP federation_model_data;
