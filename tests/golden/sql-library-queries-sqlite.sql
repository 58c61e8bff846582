-- library ; DROP TABLE book: the queries of every access pattern for sqlite, made by archnb

-- find_books (read): Reads books.
SELECT book.id, book.title, book.price_amount, book.price_currency, book.tags, book.series_id, book.version
FROM book
WHERE book.title LIKE ('%' || :search || '%') ORDER BY book.id ASC
LIMIT 10 OFFSET 0;

-- loans_due (read): Reads loans. Served by loan_due_idx.
SELECT loan.book_id, loan.reader_id, loan.due, loan.fine, loan.version
FROM loan
WHERE loan.due >= :due_from AND loan.due < :due_to AND loan.reader_id = :caller ORDER BY loan.due ASC, loan.book_id ASC, loan.reader_id ASC
LIMIT 3 OFFSET 0;

-- with Book, for the rows of the page: :book_id is the list of book_id
SELECT book.id, book.title, book.price_amount, book.price_currency, book.series_id, book.version
FROM book
WHERE book.id IN (:book_id);

-- the next page starts behind the last row's values
SELECT loan.book_id, loan.reader_id, loan.due, loan.fine, loan.version
FROM loan
WHERE loan.due >= :due_from AND loan.due < :due_to AND loan.reader_id = :caller AND (loan.due, loan.book_id, loan.reader_id) > (:after_due, :after_book_id, :after_reader_id) ORDER BY loan.due ASC, loan.book_id ASC, loan.reader_id ASC
LIMIT 3 OFFSET 0;

-- reader_by_email (read): Reads readers by email. Served by party_email_key.
SELECT reader.id, reader.level, reader.friend_id, party.email, party.since, party.version
FROM reader JOIN party ON reader.id = party.id
WHERE lower(party.email) = lower(:email) AND reader.id = :caller;

-- join (create): Adds a reader.
-- 2 statements, one transaction, in this order
-- 1. the create itself
INSERT INTO party (email, since) VALUES (:new_email, :now);

-- 2. the create itself
INSERT INTO reader (id, level, friend_id) VALUES (:new_id_2, coalesce(:new_level, 'new'), :new_friend_id);

-- fines (read): Reads loans. Served by loan_due_idx.
SELECT strftime('%Y-%m', loan.due) AS month, sum(loan.fine) AS sum
FROM loan
WHERE loan.due >= :due_from AND loan.due < :due_to AND loan.reader_id = :caller GROUP BY strftime('%Y-%m', loan.due) ORDER BY month;

-- loans_of_level (read): Reads loans by reader level. Served by reader_level_idx.
SELECT loan.book_id, loan.reader_id, loan.due, loan.fine, loan.version
FROM loan JOIN reader ON loan.reader_id = reader.id
WHERE reader.level = :reader_level AND loan.reader_id = :caller ORDER BY loan.due DESC, loan.book_id DESC, loan.reader_id DESC
LIMIT 5 OFFSET 0;

-- the next page starts behind the last row's values
SELECT loan.book_id, loan.reader_id, loan.due, loan.fine, loan.version
FROM loan JOIN reader ON loan.reader_id = reader.id
WHERE reader.level = :reader_level AND loan.reader_id = :caller AND (loan.due, loan.book_id, loan.reader_id) < (:after_due, :after_book_id, :after_reader_id) ORDER BY loan.due DESC, loan.book_id DESC, loan.reader_id DESC
LIMIT 5 OFFSET 0;

-- get_party (read): Shows one party. Served by party_pkey.
SELECT party.id, party.email, party.since, party.version
FROM party
WHERE party.id = :id;

-- create_party (create): Adds a party.
INSERT INTO party (email, since) VALUES (:new_email, :now);

-- update_party (update): Changes a party. Served by party_pkey.
-- no row is changed otherwise: the version that was read must still be there: the second of two edits made from
-- one reading is refused
UPDATE party SET email=:new_email, version=(party.version + 1) WHERE party.id = :id AND party.version = :version;

-- create_book (create): Adds a book.
INSERT INTO book (id, title, price_amount, price_currency, tags, series_id) VALUES (:new_id, :new_title, :new_price_amount, :new_price_currency, :new_tags, :new_series_id);

-- update_book (update): Changes a book. Served by book_pkey.
-- no row is changed otherwise: the version that was read must still be there: the second of two edits made from
-- one reading is refused
UPDATE book SET title=:new_title, price_amount=:new_price_amount, price_currency=:new_price_currency, tags=:new_tags, series_id=:new_series_id, version=(book.version + 1) WHERE book.id = :id AND book.version = :version;

-- get_series (read): Shows one of the series. Served by series_pkey.
SELECT series.id, series.name, series.first_id, series.version
FROM series
WHERE series.id = :id;

-- create_series (create): Adds to the series.
INSERT INTO series (name, first_id) VALUES (:new_name, :new_first_id);

-- update_series (update): Changes one of the series. Served by series_pkey.
-- no row is changed otherwise: the version that was read must still be there: the second of two edits made from
-- one reading is refused
UPDATE series SET name=:new_name, first_id=:new_first_id, version=(series.version + 1) WHERE series.id = :id AND series.version = :version;

-- create_loan (create): Adds a loan.
INSERT INTO loan (book_id, reader_id, due, fine) VALUES (:new_book_id, :new_reader_id, :new_due, coalesce(:new_fine, 0));

-- update_loan (update): Changes a loan. Served by loan_pkey.
-- no row is changed otherwise: the version that was read must still be there: the second of two edits made from
-- one reading is refused
UPDATE loan SET due=:new_due, fine=:new_fine, version=(loan.version + 1) WHERE loan.book_id = :book_id AND loan.reader_id = :reader_id AND loan.version = :version;
