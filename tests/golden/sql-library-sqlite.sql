-- library ; DROP TABLE book: database schema for SQLite, made by archnb
-- Left out, because SQLite has no such thing: book.book_title_search_idx

PRAGMA foreign_keys = ON;

CREATE TABLE party (
    id INTEGER NOT NULL,
    email VARCHAR(254) NOT NULL,
    since DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT party_pkey PRIMARY KEY (id)
);

-- email was said to be unique; it is compared without regard to case, as e-mail addresses are.
CREATE UNIQUE INDEX party_email_key ON party (lower(email));

CREATE TABLE reader (
    id BIGINT NOT NULL,
    level TEXT DEFAULT 'new' NOT NULL,
    friend_id BIGINT,
    CONSTRAINT reader_pkey PRIMARY KEY (id),
    CONSTRAINT reader_level_check CHECK (level IN ('new', 'old')),
    CONSTRAINT reader_id_fkey FOREIGN KEY(id) REFERENCES party (id) ON DELETE CASCADE,
    CONSTRAINT reader_friend_id_fkey FOREIGN KEY(friend_id) REFERENCES reader (id) ON DELETE SET NULL
);

-- The foreign key to reader: without it, every delete or key change there reads the whole reader, and joins from
-- there too. Rows without a value are left out: nobody looks for them by it.
CREATE INDEX reader_friend_id_idx ON reader (friend_id) WHERE friend_id IS NOT NULL;

-- loans_of_level (given exactly: level).
CREATE INDEX reader_level_idx ON reader (level);

CREATE TABLE series (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    first_id CHAR(32) NOT NULL,
    CONSTRAINT series_pkey PRIMARY KEY (id),
    CONSTRAINT series_first_id_fkey FOREIGN KEY(first_id) REFERENCES book (id) ON DELETE RESTRICT
);

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
    CONSTRAINT book_pkey PRIMARY KEY (id),
    CONSTRAINT book_price_amount_check CHECK (price_amount >= 0),
    CONSTRAINT book_series_id_fkey FOREIGN KEY(series_id) REFERENCES series (id) ON DELETE SET NULL
);

-- The foreign key to series: without it, every delete or key change there reads the whole book, and joins from
-- there too. Rows without a value are left out: nobody looks for them by it.
CREATE INDEX book_series_id_idx ON book (series_id) WHERE series_id IS NOT NULL;

CREATE TABLE loan (
    book_id CHAR(32) NOT NULL,
    reader_id BIGINT NOT NULL,
    due DATE NOT NULL,
    fine NUMERIC(8, 2) DEFAULT 0 NOT NULL,
    CONSTRAINT loan_pkey PRIMARY KEY (book_id, reader_id),
    CONSTRAINT loan_fine_check CHECK (fine >= 0),
    CONSTRAINT loan_book_id_fkey FOREIGN KEY(book_id) REFERENCES book (id) ON DELETE CASCADE,
    CONSTRAINT loan_reader_id_fkey FOREIGN KEY(reader_id) REFERENCES reader (id) ON DELETE RESTRICT
);

-- loans_due (then in order: due). fines (then in order: due).
CREATE INDEX loan_due_idx ON loan (due);

-- The foreign key to reader: without it, every delete or key change there reads the whole loan, and joins from
-- there too.
CREATE INDEX loan_reader_id_idx ON loan (reader_id);

CREATE TABLE wrote (
    party_id BIGINT NOT NULL,
    book_id CHAR(32) NOT NULL,
    CONSTRAINT wrote_pkey PRIMARY KEY (party_id, book_id),
    CONSTRAINT wrote_party_id_fkey FOREIGN KEY(party_id) REFERENCES party (id) ON DELETE CASCADE,
    CONSTRAINT wrote_book_id_fkey FOREIGN KEY(book_id) REFERENCES book (id) ON DELETE CASCADE
);

-- The foreign key to book: without it, every delete or key change there reads the whole wrote, and joins from
-- there too.
CREATE INDEX wrote_book_id_idx ON wrote (book_id);
