-- Which provider of OpenID Connect vouched for whom a session is of, and what it knows them as.

ALTER TABLE app.sessions ADD COLUMN issuer TEXT CHECK (issuer IS NULL OR (token_id IS NULL AND link_id IS NULL));
ALTER TABLE app.sessions ADD COLUMN subject TEXT CHECK ((subject IS NULL) = (issuer IS NULL));
