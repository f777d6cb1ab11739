"""PostgreSQL: an index that finds two Chinese characters in half a million names.

pg_trgm needs three characters; most Chinese search words have two. The function normalises as
``scoring.assembly.loading.search_text`` does. It names nothing outside pg_catalog, so that a restored dump can rebuild the
index. SQLite needs none of it: at a zone's size it reads the rows.
"""

from django.db import migrations

FUNCTION = r"""
CREATE FUNCTION firm_bigrams(name text, initials text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT array_agg(DISTINCT substr(t.word, i, 2))
    FROM (SELECT upper(regexp_replace(normalize(name, NFKC), '\s', '', 'g')) || '|' || upper(initials) AS word) AS t,
         generate_series(1, length(t.word) - 1) AS i
$$
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION)
        schema_editor.execute(
            "CREATE INDEX firm_bigrams ON firms_firm USING gin (firm_bigrams(name::text, name_initials::text))"
        )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX firm_bigrams")
        schema_editor.execute("DROP FUNCTION firm_bigrams(text, text)")


class Migration(migrations.Migration):
    dependencies = [("firms", "0003_no_superuser")]

    operations = [migrations.RunPython(create, drop)]
