DROP VIEW readable_observations;
DROP TABLE quarantine;
DROP TABLE observations;
DROP TABLE streams;
DROP SEQUENCE streams_data;
DROP SEQUENCE streams_id;
