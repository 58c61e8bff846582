-- library ; DROP TABLE book: database schema for MySQL, made by archnb

CREATE TABLE party (
    id BIGINT NOT NULL AUTO_INCREMENT,
    email VARCHAR(254) NOT NULL,
    since DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    version INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    CONSTRAINT party_email_key UNIQUE (email)
) CHARSET=utf8mb4;

CREATE TABLE reader (
    id BIGINT NOT NULL,
    level VARCHAR(3) NOT NULL DEFAULT 'new',
    friend_id BIGINT,
    PRIMARY KEY (id),
    CONSTRAINT reader_level_check CHECK (level IN ('new', 'old')),
    CONSTRAINT reader_id_fkey FOREIGN KEY(id) REFERENCES party (id) ON DELETE CASCADE,
    CONSTRAINT reader_friend_id_fkey FOREIGN KEY(friend_id) REFERENCES reader (id) ON DELETE SET NULL
) CHARSET=utf8mb4;

-- The foreign key to reader: without it, every delete or key change there reads the whole reader, and joins from
-- there too. Rows without a value are left out: nobody looks for them by it.
CREATE INDEX reader_friend_id_idx ON reader (friend_id);

-- loans_of_level (given exactly: level).
CREATE INDEX reader_level_idx ON reader (level);

CREATE TABLE series (
    id BIGINT NOT NULL AUTO_INCREMENT,
    name TEXT NOT NULL,
    first_id CHAR(32) NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id)
) CHARSET=utf8mb4;

-- The foreign key to book: without it, every delete or key change there reads the whole series, and joins from
-- there too.
CREATE INDEX series_first_id_idx ON series (first_id);

CREATE TABLE book (
    id CHAR(32) NOT NULL,
    title VARCHAR(200) NOT NULL,
    price_amount NUMERIC(19, 4) NOT NULL,
    price_currency CHAR(3) NOT NULL,
    tags JSON NOT NULL,
    series_id BIGINT,
    version INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    CONSTRAINT book_price_amount_check CHECK (price_amount >= 0),
    CONSTRAINT book_series_id_fkey FOREIGN KEY(series_id) REFERENCES series (id) ON DELETE SET NULL
) CHARSET=utf8mb4;

-- The foreign key to series: without it, every delete or key change there reads the whole book, and joins from
-- there too. Rows without a value are left out: nobody looks for them by it.
CREATE INDEX book_series_id_idx ON book (series_id);

-- find_books: a GIN index over the words (tsvector, configuration 'simple', which fits any language); an
-- ordinary index cannot find words within a text.
ALTER TABLE book ADD FULLTEXT INDEX book_title_search_idx (title);

CREATE TABLE loan (
    book_id CHAR(32) NOT NULL,
    reader_id BIGINT NOT NULL,
    due DATE NOT NULL,
    fine NUMERIC(8, 2) NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (book_id, reader_id),
    CONSTRAINT loan_fine_check CHECK (fine >= 0),
    CONSTRAINT loan_book_id_fkey FOREIGN KEY(book_id) REFERENCES book (id) ON DELETE CASCADE,
    CONSTRAINT loan_reader_id_fkey FOREIGN KEY(reader_id) REFERENCES reader (id) ON DELETE RESTRICT
) CHARSET=utf8mb4;

-- loans_due (then in order: due). fines (then in order: due).
CREATE INDEX loan_due_idx ON loan (due);

-- The foreign key to reader: without it, every delete or key change there reads the whole loan, and joins from
-- there too.
CREATE INDEX loan_reader_id_idx ON loan (reader_id);

CREATE TABLE wrote (
    party_id BIGINT NOT NULL,
    book_id CHAR(32) NOT NULL,
    PRIMARY KEY (party_id, book_id),
    CONSTRAINT wrote_party_id_fkey FOREIGN KEY(party_id) REFERENCES party (id) ON DELETE CASCADE,
    CONSTRAINT wrote_book_id_fkey FOREIGN KEY(book_id) REFERENCES book (id) ON DELETE CASCADE
) CHARSET=utf8mb4;

-- The foreign key to book: without it, every delete or key change there reads the whole wrote, and joins from
-- there too.
CREATE INDEX wrote_book_id_idx ON wrote (book_id);

CREATE TABLE idempotency_key (
    caller VARCHAR(200) NOT NULL COMMENT 'the subject of the token',
    `key` VARCHAR(64) NOT NULL COMMENT 'as the caller sent it',
    operation VARCHAR(80) NOT NULL,
    request_hash CHAR(64) NOT NULL COMMENT 'SHA-256 of method, path and body',
    status SMALLINT COMMENT 'missing while the first one is at work',
    answer JSON COMMENT 'personal data',
    created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    expires_at DATETIME(6) NOT NULL,
    PRIMARY KEY (caller, `key`)
) CHARSET=utf8mb4 COMMENT='one row for each request that may come twice, with its first answer';

-- what is past expires_at is deleted each night: without it, each run reads the whole table.
CREATE INDEX idempotency_key_expires_at_idx ON idempotency_key (expires_at);

-- the table it refers to comes later
ALTER TABLE series ADD CONSTRAINT series_first_id_fkey FOREIGN KEY(first_id) REFERENCES book (id) ON DELETE RESTRICT;
