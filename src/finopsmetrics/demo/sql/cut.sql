-- What one delivery shows of one source and billing period: the charges known by then, with what is made of them.
-- Charges that are not settled yet are shown at three quarters.
CREATE OR REPLACE TEMP TABLE cut AS
WITH known AS (
    SELECT * EXCLUDE (known, settled, steady_cost)
        REPLACE (CASE WHEN settled > $at THEN (quantity * 0.75)::DECIMAL(18, 6) ELSE quantity END AS quantity),
        coalesce(settled > $at, FALSE) AS partial, NULL::VARCHAR AS invoice_id
    FROM charge WHERE source = $source AND period = $period AND known <= $at
)
SELECT * EXCLUDE (partial) REPLACE (
    CASE WHEN partial THEN money(quantity, price) ELSE billed END AS billed,
    CASE WHEN partial THEN money(quantity, price) ELSE effective END AS effective,
    CASE WHEN partial THEN money(quantity, list_price) ELSE list_cost END AS list_cost,
    CASE WHEN partial THEN money(quantity, price) ELSE contracted END AS contracted)
FROM known;
