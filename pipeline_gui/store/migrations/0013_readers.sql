-- oldest reader: 13
-- What a program that is older than the schema may still do with it: the oldest whose reading it leaves right.
ALTER TABLE pipeline_migrations ADD COLUMN oldest_reader INTEGER;
