-- All charges but those that are made for each delivery (tax, support by use, rounding). Costs are exact products.
-- `known` is the day from which an export shows the charge; until `settled` it shows three quarters of it.
CREATE TABLE charge (
    source VARCHAR, period DATE, line VARCHAR, resource BIGINT, commitment BIGINT, sku VARCHAR, account VARCHAR,
    starts TIMESTAMP, ends TIMESTAMP, quantity DECIMAL(18, 6), list_price DECIMAL(18, 12), price DECIMAL(18, 12),
    billed DECIMAL(38, 18), effective DECIMAL(38, 18), list_cost DECIMAL(38, 18), contracted DECIMAL(38, 18),
    category VARCHAR, class VARCHAR, frequency VARCHAR, pricing VARCHAR, status VARCHAR,
    committed DECIMAL(38, 18), description VARCHAR, invoice VARCHAR, known DATE, settled DATE,
    steady_cost DECIMAL(38, 18)
);

CREATE MACRO micro(n) AS (n * 0.000001::DECIMAL(7, 6))::DECIMAL(18, 6);
CREATE MACRO pico(n) AS (n * 0.000000000001::DECIMAL(13, 12))::DECIMAL(38, 18);
CREATE MACRO money(quantity, price) AS (quantity * price)::DECIMAL(38, 18);
CREATE MACRO line_id(kind, key, starts) AS substr(md5(concat_ws('|', kind, key, starts)), 1, 20);
CREATE MACRO chance(line, purpose) AS (md5_number_upper(concat(line, purpose)) % 100::UBIGINT)::INTEGER;

-- Use at the contracted price: all of it, less what a commitment covers.
INSERT INTO charge
WITH bare AS (
    SELECT u.*, u.used - coalesce(c.covered, 0) AS billable, c.covered IS NULL AS whole,
           line_id(u.sku, u.key, u.starts) AS line
    FROM usage u LEFT JOIN covered c ON c.resource = u.resource AND c.starts = u.starts
), timed AS (
    SELECT *, chance(line, 'late') AS late, NOT prompt AND chance(line, 'restated') < 8 AS restated
    FROM bare WHERE billable > 0 OR (whole AND steady > 0)
)
SELECT t.source, date_trunc('month', t.day)::DATE, t.line, t.resource, NULL, t.sku, t.account, t.starts, t.ends,
       micro(t.billable), p.list_price, p.price, money(micro(t.billable), p.price), money(micro(t.billable), p.price),
       money(micro(t.billable), p.list_price), money(micro(t.billable), p.price), 'Usage', NULL, 'Usage-Based',
       'Standard', NULL, NULL, concat(k.service, ' ', k.meter), '1',
       t.day + CASE WHEN t.prompt OR late >= 16 THEN 1 WHEN late >= 4 THEN 2 ELSE 3 END,
       CASE WHEN restated THEN t.day + 4 END,
       CASE WHEN t.whole THEN money(micro(t.steady), o.base_price) ELSE money(micro(t.billable), p.price) END
FROM timed t
JOIN sku k ON k.key = t.sku
JOIN price p ON p.sku = t.sku AND t.day >= p.first AND t.day < p.after
JOIN price o ON o.sku = t.base_sku AND o.first = DATE '0001-01-01';

-- Use covered by a commitment: nothing is billed, the commitment's money is the effective cost.
INSERT INTO charge
SELECT c.source, date_trunc('month', u.day)::DATE, line_id(c.key, r.key, u.starts), u.resource, c.n, u.sku, r.account,
       u.starts, u.ends, micro(u.covered), p.list_price, p.price, 0, pico(u.cost),
       money(micro(u.covered), p.list_price), money(micro(u.covered), p.price), 'Usage', NULL, 'Usage-Based',
       'Committed', 'Used', CASE c.kind WHEN 'Spend' THEN pico(u.cost) ELSE micro(u.covered) END,
       concat(k.service, ' ', k.meter, ', covered by commitment'), '1', u.day + 1, NULL, 0
FROM covered u
JOIN commitment c ON c.n = u.commitment
JOIN resource r ON r.n = u.resource
JOIN sku k ON k.key = u.sku
JOIN price p ON p.sku = u.sku AND u.day >= p.first AND u.day < p.after
WHERE u.cost > 0;

-- Recurring purchase of every step, one purchase upfront, and what stays unused.
INSERT INTO charge
WITH bought AS (
    SELECT 'purchase' AS what, commitment, starts, ends, day, pico(term.capacity) AS cost, term.capacity // rate AS units
    FROM term JOIN commitment ON n = commitment WHERE payment = 'recurring'
    UNION ALL
    SELECT 'upfront', c.n, d.day::TIMESTAMP, d.day::TIMESTAMP + to_hours(24), d.day, c.fee, c.fee_units
    FROM commitment c JOIN day d ON d.day = c.first WHERE c.payment = 'upfront'
    UNION ALL
    SELECT 'unused', commitment, starts, ends, day, pico(unused), unused // rate
    FROM term JOIN commitment ON n = commitment WHERE unused > 0
), rated AS (
    SELECT b.*, c.* EXCLUDE (n, capacity, rate), micro(b.units) AS amount, micro(c.rate) AS rate
    FROM bought b JOIN commitment c ON c.n = b.commitment
)
SELECT source, date_trunc('month', day)::DATE, line_id(what, key, starts), NULL, commitment, sku, account, starts,
       ends, amount, rate, rate, CASE what WHEN 'unused' THEN 0 ELSE cost END,
       CASE what WHEN 'unused' THEN cost ELSE 0 END, cost, cost,
       CASE what WHEN 'unused' THEN 'Usage' ELSE 'Purchase' END, NULL,
       CASE what WHEN 'upfront' THEN 'One-Time' WHEN 'unused' THEN 'Usage-Based' ELSE 'Recurring' END,
       CASE what WHEN 'unused' THEN 'Committed' ELSE 'Standard' END, CASE what WHEN 'unused' THEN 'Unused' END,
       amount, concat(name, CASE what WHEN 'unused' THEN ', unused' ELSE ', purchase' END), '1', day + 1, NULL, 0
FROM rated;

-- Fees, subscriptions, credits, refunds.
INSERT INTO charge
SELECT source, period, line_id('one-off', key, day), NULL, NULL, sku, account, day::TIMESTAMP,
       day::TIMESTAMP + to_hours(24), CASE category WHEN 'Purchase' THEN 1 END,
       CASE category WHEN 'Purchase' THEN amount END, CASE category WHEN 'Purchase' THEN amount END,
       amount, amount, amount, amount, category, class, frequency, CASE category WHEN 'Purchase' THEN 'Standard' END,
       NULL, NULL, description, invoice, known, NULL, 0
FROM one_off;

-- Every month of the clouds has one charge that turns out too high: a quarter of it is taken back in the next month.
INSERT INTO charge
WITH wrong AS (
    SELECT c.*, -(c.quantity * 0.25)::DECIMAL(18, 6) AS taken
    FROM charge c JOIN resource r ON r.n = c.resource
    WHERE c.source IN ('aws', 'azure', 'gcp') AND c.commitment IS NULL AND NOT r.prompt AND c.billed > 1
    QUALIFY row_number() OVER (PARTITION BY c.source, c.period ORDER BY md5(concat(c.line, 'wrong'))) = 1
)
SELECT source, (period + INTERVAL 1 MONTH)::DATE, line_id('correction', line, starts), resource, NULL, sku, account,
       starts, ends, taken, list_price, price, money(taken, price), money(taken, price), money(taken, list_price),
       money(taken, price), category, 'Correction', frequency, pricing, NULL, NULL,
       concat('Correction: ', description), invoice, (period + INTERVAL 1 MONTH)::DATE + 6, NULL, 0
FROM wrong
WHERE (period + INTERVAL 1 MONTH)::DATE <= (SELECT max(day) FROM day)
  AND (period + INTERVAL 1 MONTH)::DATE + 6 <= $end;
DELETE FROM charge WHERE known > $end;
