-- tiny: database schema for SQLite, made by archnb
-- Exact numbers are whole numbers in units of their last decimal: 12.34 of money, which has four, is 123400 (in
-- order).

PRAGMA foreign_keys = ON;

CREATE TABLE customer (
    id INTEGER NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT customer_pkey PRIMARY KEY (id),
    CONSTRAINT customer_email_form CHECK (length(email) <= 254),
    CONSTRAINT customer_name_form CHECK (length(name) <= 200),
    CONSTRAINT customer_version_form CHECK (version BETWEEN -2147483648 AND 2147483647)
) STRICT;

-- email was said to be unique; it is compared without regard to case, as e-mail addresses are.
CREATE UNIQUE INDEX customer_email_key ON customer (lower(email));

CREATE TABLE "order" (
    id INTEGER NOT NULL,
    customer_id INTEGER NOT NULL,
    total_amount INTEGER NOT NULL,
    total_currency TEXT NOT NULL,
    placed_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    CONSTRAINT order_pkey PRIMARY KEY (id),
    CONSTRAINT order_total_amount_check CHECK (total_amount >= 0),
    CONSTRAINT order_total_currency_form CHECK (length(total_currency) <= 3),
    CONSTRAINT order_placed_at_form CHECK (substr(placed_at, 1, 19) IS datetime(substr(placed_at, 1, 19), '+0 days') AND substr(placed_at, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'),
    CONSTRAINT order_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id) ON DELETE RESTRICT
) STRICT;

-- orders_of_customer (given exactly: customer_id; then in order: placed_at downwards). The foreign key to
-- customer: without it, every delete or key change there reads the whole order, and joins from there too.
CREATE INDEX order_customer_id_placed_at_idx ON "order" (customer_id, placed_at DESC);

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

-- one row for each message to a third party or a worker
CREATE TABLE outbox (
    id INTEGER NOT NULL,
    operation TEXT NOT NULL,
    recipient TEXT NOT NULL,
    topic TEXT NOT NULL,
    "key" TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    due_at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')) NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    sent_at TEXT,
    CONSTRAINT outbox_pkey PRIMARY KEY (id),
    CONSTRAINT outbox_operation_form CHECK (length(operation) <= 80),
    CONSTRAINT outbox_recipient_form CHECK (length(recipient) <= 80),
    CONSTRAINT outbox_topic_form CHECK (length(topic) <= 160),
    CONSTRAINT outbox_key_form CHECK (length("key") <= 200),
    CONSTRAINT outbox_payload_form CHECK ((payload IS NULL OR json_valid(payload))),
    CONSTRAINT outbox_created_at_form CHECK (substr(created_at, 1, 19) IS datetime(substr(created_at, 1, 19), '+0 days') AND substr(created_at, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'),
    CONSTRAINT outbox_due_at_form CHECK (substr(due_at, 1, 19) IS datetime(substr(due_at, 1, 19), '+0 days') AND substr(due_at, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'),
    CONSTRAINT outbox_attempts_form CHECK (attempts BETWEEN -32768 AND 32767),
    CONSTRAINT outbox_sent_at_form CHECK (substr(sent_at, 1, 19) IS datetime(substr(sent_at, 1, 19), '+0 days') AND substr(sent_at, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]')
) STRICT;

-- the relay asks for what is due and not sent; what was sent is not in it.
CREATE INDEX outbox_due_at_idx ON outbox (due_at) WHERE sent_at IS NULL;
