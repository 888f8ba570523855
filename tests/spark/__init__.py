"""The models on a Spark cluster, compared with the same models on DuckDB."""
