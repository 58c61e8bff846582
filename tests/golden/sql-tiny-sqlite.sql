-- tiny: database schema for SQLite, made by archnb

PRAGMA foreign_keys = ON;

CREATE TABLE customer (
    id INTEGER NOT NULL,
    email VARCHAR(254) NOT NULL,
    name VARCHAR(200) NOT NULL,
    CONSTRAINT customer_pkey PRIMARY KEY (id)
);

-- email was said to be unique; it is compared without regard to case, as e-mail addresses are.
CREATE UNIQUE INDEX customer_email_key ON customer (lower(email));

CREATE TABLE "order" (
    id INTEGER NOT NULL,
    customer_id BIGINT NOT NULL,
    total_amount NUMERIC(19, 4) NOT NULL,
    total_currency CHAR(3) NOT NULL,
    placed_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT order_pkey PRIMARY KEY (id),
    CONSTRAINT order_total_amount_check CHECK (total_amount >= 0),
    CONSTRAINT order_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id) ON DELETE RESTRICT
);

-- orders_of_customer (given exactly: customer_id; then in order: placed_at downwards). The foreign key to
-- customer: without it, every delete or key change there reads the whole order, and joins from there too.
CREATE INDEX order_customer_id_placed_at_idx ON "order" (customer_id, placed_at DESC);
