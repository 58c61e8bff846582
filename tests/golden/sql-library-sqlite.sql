-- library ; DROP TABLE book: database schema for SQLite, made by archnb
-- Left out, because SQLite has no such thing: book.book_title_search_idx
-- Exact numbers are whole numbers in units of their last decimal: 12.34 of money, which has four, is 123400 (in
-- book, loan).

PRAGMA foreign_keys = ON;

CREATE TABLE party (
    id INTEGER NOT NULL,
    email TEXT NOT NULL,
    since TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT party_pkey PRIMARY KEY (id),
    CONSTRAINT party_email_form CHECK (length(email) <= 254),
    CONSTRAINT party_since_form CHECK (substr(since, 1, 19) IS datetime(substr(since, 1, 19), '+0 days') AND substr(since, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'),
    CONSTRAINT party_version_form CHECK (version BETWEEN -2147483648 AND 2147483647)
) STRICT;

-- email was said to be unique; it is compared without regard to case, as e-mail addresses are.
CREATE UNIQUE INDEX party_email_key ON party (lower(email));

CREATE TABLE reader (
    id INTEGER NOT NULL,
    level TEXT DEFAULT 'new' NOT NULL,
    friend_id INTEGER,
    CONSTRAINT reader_pkey PRIMARY KEY (id),
    CONSTRAINT reader_level_check CHECK (level IN ('new', 'old')),
    CONSTRAINT reader_id_fkey FOREIGN KEY(id) REFERENCES party (id) ON DELETE CASCADE,
    CONSTRAINT reader_friend_id_fkey FOREIGN KEY(friend_id) REFERENCES reader (id) ON DELETE SET NULL
) STRICT;

-- The foreign key to reader: without it, every delete or key change there reads the whole reader, and joins from
-- there too. Rows without a value are left out: nobody looks for them by it.
CREATE INDEX reader_friend_id_idx ON reader (friend_id) WHERE friend_id IS NOT NULL;

-- loans_of_level (given exactly: level).
CREATE INDEX reader_level_idx ON reader (level);

CREATE TABLE series (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    first_id TEXT NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT series_pkey PRIMARY KEY (id),
    CONSTRAINT series_first_id_form CHECK (length(first_id) = 32 AND first_id NOT GLOB '*[^0-9a-f]*'),
    CONSTRAINT series_version_form CHECK (version BETWEEN -2147483648 AND 2147483647),
    CONSTRAINT series_first_id_fkey FOREIGN KEY(first_id) REFERENCES book (id) ON DELETE RESTRICT
) STRICT;

-- The foreign key to book: without it, every delete or key change there reads the whole series, and joins from
-- there too.
CREATE INDEX series_first_id_idx ON series (first_id);

CREATE TABLE book (
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    price_amount INTEGER NOT NULL,
    price_currency TEXT NOT NULL,
    tags TEXT NOT NULL,
    series_id INTEGER,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT book_pkey PRIMARY KEY (id),
    CONSTRAINT book_price_amount_check CHECK (price_amount >= 0),
    CONSTRAINT book_id_form CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
    CONSTRAINT book_title_form CHECK (length(title) <= 200),
    CONSTRAINT book_price_currency_form CHECK (length(price_currency) <= 3),
    CONSTRAINT book_tags_form CHECK ((tags IS NULL OR json_valid(tags))),
    CONSTRAINT book_version_form CHECK (version BETWEEN -2147483648 AND 2147483647),
    CONSTRAINT book_series_id_fkey FOREIGN KEY(series_id) REFERENCES series (id) ON DELETE SET NULL
) STRICT;

-- The foreign key to series: without it, every delete or key change there reads the whole book, and joins from
-- there too. Rows without a value are left out: nobody looks for them by it.
CREATE INDEX book_series_id_idx ON book (series_id) WHERE NOT series_id IS NULL;

CREATE TABLE loan (
    book_id TEXT NOT NULL,
    reader_id INTEGER NOT NULL,
    due TEXT NOT NULL,
    fine INTEGER DEFAULT 0 NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT loan_pkey PRIMARY KEY (book_id, reader_id),
    CONSTRAINT loan_fine_check CHECK (fine >= 0),
    CONSTRAINT loan_book_id_form CHECK (length(book_id) = 32 AND book_id NOT GLOB '*[^0-9a-f]*'),
    CONSTRAINT loan_due_form CHECK (due IS date(due, '+0 days')),
    CONSTRAINT loan_fine_form CHECK (abs(fine) < 100000000),
    CONSTRAINT loan_version_form CHECK (version BETWEEN -2147483648 AND 2147483647),
    CONSTRAINT loan_book_id_fkey FOREIGN KEY(book_id) REFERENCES book (id) ON DELETE CASCADE,
    CONSTRAINT loan_reader_id_fkey FOREIGN KEY(reader_id) REFERENCES reader (id) ON DELETE RESTRICT
) STRICT;

-- loans_due (then in order: due). fines (then in order: due).
CREATE INDEX loan_due_idx ON loan (due);

-- The foreign key to reader: without it, every delete or key change there reads the whole loan, and joins from
-- there too.
CREATE INDEX loan_reader_id_idx ON loan (reader_id);

CREATE TABLE wrote (
    party_id INTEGER NOT NULL,
    book_id TEXT NOT NULL,
    CONSTRAINT wrote_pkey PRIMARY KEY (party_id, book_id),
    CONSTRAINT wrote_book_id_form CHECK (length(book_id) = 32 AND book_id NOT GLOB '*[^0-9a-f]*'),
    CONSTRAINT wrote_party_id_fkey FOREIGN KEY(party_id) REFERENCES party (id) ON DELETE CASCADE,
    CONSTRAINT wrote_book_id_fkey FOREIGN KEY(book_id) REFERENCES book (id) ON DELETE CASCADE
) STRICT;

-- The foreign key to book: without it, every delete or key change there reads the whole wrote, and joins from
-- there too.
CREATE INDEX wrote_book_id_idx ON wrote (book_id);

-- one row for each request that may come twice, with its first answer
CREATE TABLE idempotency_key (
    caller TEXT NOT NULL,
    "key" TEXT NOT NULL,
    operation TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER,
    answer TEXT,
    created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    expires_at TEXT NOT NULL,
    CONSTRAINT idempotency_key_pkey PRIMARY KEY (caller, "key"),
    CONSTRAINT idempotency_key_caller_form CHECK (length(caller) <= 200),
    CONSTRAINT idempotency_key_key_form CHECK (length("key") <= 64),
    CONSTRAINT idempotency_key_operation_form CHECK (length(operation) <= 80),
    CONSTRAINT idempotency_key_request_hash_form CHECK (length(request_hash) <= 64),
    CONSTRAINT idempotency_key_status_form CHECK (status BETWEEN -32768 AND 32767),
    CONSTRAINT idempotency_key_answer_form CHECK ((answer IS NULL OR json_valid(answer))),
    CONSTRAINT idempotency_key_created_at_form CHECK (substr(created_at, 1, 19) IS datetime(substr(created_at, 1, 19), '+0 days') AND substr(created_at, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'),
    CONSTRAINT idempotency_key_expires_at_form CHECK (substr(expires_at, 1, 19) IS datetime(substr(expires_at, 1, 19), '+0 days') AND substr(expires_at, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]')
) STRICT;

-- what is past expires_at is deleted each night: without it, each run reads the whole table.
CREATE INDEX idempotency_key_expires_at_idx ON idempotency_key (expires_at);
