-- Tax: one charge for each account and service, in whole cents; its other costs follow those of the taxed charges.
INSERT INTO cut
WITH taxed AS (
    SELECT c.source, c.period, c.account, c.invoice, k.service, min(k.key) AS sku, sum(billed) AS billed,
           sum(effective) AS effective, sum(list_cost) AS list_cost, sum(contracted) AS contracted
    FROM cut c JOIN sku k ON k.key = c.sku GROUP BY ALL
), due AS (
    SELECT t.* REPLACE (
        round((billed * tax_rate)::DECIMAL(38, 18), 2) AS billed,
        round((effective * tax_rate)::DECIMAL(38, 18), 2) AS effective,
        round((list_cost * tax_rate)::DECIMAL(38, 18), 2) AS list_cost,
        round((contracted * tax_rate)::DECIMAL(38, 18), 2) AS contracted)
    FROM taxed t JOIN source s ON s.source = t.source
)
SELECT source, period, line_id('tax', concat_ws('/', source, account, service, invoice), period), NULL, NULL, sku,
       account, period::TIMESTAMP, $through::TIMESTAMP, NULL, NULL, NULL, billed, effective, list_cost, contracted,
       'Tax', NULL, 'One-Time', NULL, NULL, NULL, concat('Tax on ', service), invoice, NULL
FROM due WHERE billed <> 0 OR effective <> 0;
