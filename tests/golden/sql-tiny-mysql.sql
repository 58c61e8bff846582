-- tiny: database schema for MySQL, made by archnb

CREATE TABLE customer (
    id BIGINT NOT NULL AUTO_INCREMENT,
    email VARCHAR(254) NOT NULL COMMENT 'personal data',
    name VARCHAR(200) NOT NULL COMMENT 'personal data',
    version INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (id),
    CONSTRAINT customer_email_key UNIQUE (email)
) CHARSET=utf8mb4;

CREATE TABLE `order` (
    id BIGINT NOT NULL AUTO_INCREMENT,
    customer_id BIGINT NOT NULL,
    total_amount NUMERIC(19, 4) NOT NULL,
    total_currency CHAR(3) NOT NULL,
    placed_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (id),
    CONSTRAINT order_total_amount_check CHECK (total_amount >= 0),
    CONSTRAINT order_customer_id_fkey FOREIGN KEY(customer_id) REFERENCES customer (id) ON DELETE RESTRICT
) CHARSET=utf8mb4;

-- orders_of_customer (given exactly: customer_id; then in order: placed_at downwards). The foreign key to
-- customer: without it, every delete or key change there reads the whole order, and joins from there too.
CREATE INDEX order_customer_id_placed_at_idx ON `order` (customer_id, placed_at DESC);

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

CREATE TABLE outbox (
    id BIGINT NOT NULL AUTO_INCREMENT,
    operation VARCHAR(80) NOT NULL,
    recipient VARCHAR(80) NOT NULL COMMENT 'the third party or the subscriber',
    topic VARCHAR(160) NOT NULL COMMENT 'what it is told, or asked to do',
    `key` VARCHAR(200) NOT NULL COMMENT 'of the row that it is about',
    payload JSON NOT NULL COMMENT 'names the row, whose other values are read there',
    created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    due_at DATETIME(6) NOT NULL COMMENT 'later after a failure' DEFAULT CURRENT_TIMESTAMP(6),
    attempts SMALLINT NOT NULL DEFAULT 0,
    sent_at DATETIME(6),
    PRIMARY KEY (id)
) CHARSET=utf8mb4 COMMENT='one row for each message to a third party or a worker';

-- the relay asks for what is due and not sent; what was sent is not in it.
CREATE INDEX outbox_due_at_idx ON outbox (due_at);
