-- tiny: database schema for MySQL, made by archnb

CREATE TABLE customer (
    id BIGINT NOT NULL AUTO_INCREMENT,
    email VARCHAR(254) NOT NULL COMMENT 'personal data',
    name VARCHAR(200) NOT NULL COMMENT 'personal data',
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
