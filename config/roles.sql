-- Makes the application's role. It reads and writes rows and owns nothing, so it can neither alter a table nor lift a
-- trigger. The role that owns the tables runs this with psql, before the first migration or later; twice does no harm.
\set ON_ERROR_STOP on
\getenv app_password POSTGRES_APP_PASSWORD

SELECT format('CREATE ROLE countersign_app LOGIN PASSWORD %L', :'app_password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'countersign_app')
\gexec

GRANT USAGE ON SCHEMA public TO countersign_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO countersign_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO countersign_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO countersign_app;

-- The same for what later migrations make.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO countersign_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO countersign_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO countersign_app;
