"""The process runner behind `make up`, and the embedded PostgreSQL: killed, ended, refused."""
