-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64); a shop made up for the tests
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40014 SET FOREIGN_KEY_CHECKS=0 */;
SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
# a comment; in the third way
DROP TABLE IF EXISTS `customer`;
CREATE TABLE `customer` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT COMMENT 'the number; of the customer',
  `email` varchar(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL,
  `name` varchar(100) DEFAULT 'it\'s; new',
  `level` enum('basic','gold; plated') NOT NULL DEFAULT 'basic',
  `is_active` tinyint(1) NOT NULL DEFAULT '1',
  `balance` decimal(12,2) NOT NULL DEFAULT '0.00',
  `created_at` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `notes` longtext,
  PRIMARY KEY (`id`),
  UNIQUE KEY `customer_email` (`email`),
  KEY `customer_name` (`name`(20),`created_at` DESC),
  FULLTEXT KEY `customer_notes` (`notes`),
  CONSTRAINT `balance_positive` CHECK (`balance` >= 0)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COMMENT='People; who buy';

LOCK TABLES `customer` WRITE;
INSERT INTO `customer` (`id`,`email`,`name`) VALUES (1,'a@example.com','O\'Hara; (x)'),(2,'b@example.com','-- no'),(3,'c@example.com',NULL);
UNLOCK TABLES;

CREATE TABLE `order` (
  `id` bigint NOT NULL,
  `customer_id` int(10) unsigned NOT NULL,
  `key` varchar(20) DEFAULT NULL,
  `placed_at` datetime(6) NOT NULL
) ENGINE=InnoDB;
ALTER TABLE `order`
  ADD PRIMARY KEY (`id`),
  ADD UNIQUE KEY `order_key` (`key`),
  ADD KEY `order_customer` (`customer_id`,`placed_at`);
ALTER TABLE `order` MODIFY `id` bigint NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=7;
ALTER TABLE `order`
  ADD CONSTRAINT `order_customer_fk` FOREIGN KEY (`customer_id`) REFERENCES `customer` (`id`) ON DELETE CASCADE;
CREATE UNIQUE INDEX `order_when` ON `order` (`customer_id`, `placed_at`, `id`);
DELIMITER ;;
CREATE TRIGGER `order_before` BEFORE INSERT ON `order` FOR EACH ROW BEGIN
  SET NEW.placed_at = NOW(6);
  SET @n = 1;
END ;;
DELIMITER ;
CREATE VIEW `recent` AS SELECT `id` FROM `order`;
