-- Two database roles: the owner migrates and backs up; the application reads and writes rows, and can neither change
-- nor remove what stands in the audit trail. Run once as a superuser, in the application's database, before migrating:
--   createdb -E UTF8 -l C.UTF-8 -T template0 xxgx
--   psql -d xxgx -v owner_password=… -v app_password=… -f deploy/roles.sql
-- and again (it repeats safely) after the first migration, to take the trail out of the application's hands.
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE xxgx_owner LOGIN PASSWORD %L', :'owner_password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'xxgx_owner') \gexec
SELECT format('CREATE ROLE xxgx_app LOGIN PASSWORD %L', :'app_password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'xxgx_app') \gexec

SELECT format('ALTER DATABASE %I OWNER TO xxgx_owner', current_database()) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO xxgx_app', current_database()) \gexec
ALTER SCHEMA public OWNER TO xxgx_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO xxgx_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO xxgx_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO xxgx_app;
ALTER DEFAULT PRIVILEGES FOR ROLE xxgx_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO xxgx_app;
ALTER DEFAULT PRIVILEGES FOR ROLE xxgx_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO xxgx_app;

SELECT 'REVOKE UPDATE, DELETE, TRUNCATE ON firms_auditentry FROM xxgx_app'
WHERE to_regclass('public.firms_auditentry') IS NOT NULL \gexec
SELECT 'REVOKE DELETE, TRUNCATE ON firms_audithead FROM xxgx_app'
WHERE to_regclass('public.firms_audithead') IS NOT NULL \gexec
SELECT 'REVOKE ALL ON django_migrations FROM xxgx_app; GRANT SELECT ON django_migrations TO xxgx_app'
WHERE to_regclass('public.django_migrations') IS NOT NULL \gexec
