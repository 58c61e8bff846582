-- a shop made up for the tests, as `sqlite3 shop.db .dump` writes it
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE [customer] (
  [id] INTEGER PRIMARY KEY AUTOINCREMENT,
  [email] NVARCHAR(190) NOT NULL UNIQUE COLLATE NOCASE,
  "name" TEXT DEFAULT 'it''s; new',
  balance DECIMAL(12, 2) NOT NULL DEFAULT 0 CHECK (balance >= 0),
  created_at TEXT DEFAULT (datetime('now')),
  anything
);
INSERT INTO customer VALUES(1,'a@example.com','O''Hara; (x)',0,NULL,NULL);
INSERT INTO customer VALUES(2,'b@example.com','CREATE TABLE trap (id);',0,NULL,NULL);
CREATE TABLE "order" (
  id INTEGER NOT NULL,
  customer_id INTEGER NOT NULL REFERENCES Customer ON DELETE CASCADE,
  placed_at TEXT,
  CONSTRAINT order_pk PRIMARY KEY (id)
);
CREATE TABLE order_line (
  order_id INTEGER NOT NULL,
  line INTEGER NOT NULL,
  product TEXT,
  PRIMARY KEY (order_id, line),
  UNIQUE (order_id, product),
  FOREIGN KEY (order_id) REFERENCES "order" (id)
) WITHOUT ROWID;
CREATE INDEX order_customer ON "order" (customer_id, placed_at DESC);
CREATE UNIQUE INDEX order_open ON "order" (customer_id) WHERE placed_at IS NULL;
CREATE TRIGGER touch AFTER UPDATE ON customer BEGIN
  UPDATE customer SET name = 'x;y' WHERE id = NEW.id;
  DELETE FROM "order" WHERE id = 1;
END;
CREATE VIEW names AS SELECT name FROM customer;
DELETE FROM sqlite_sequence;
COMMIT;
