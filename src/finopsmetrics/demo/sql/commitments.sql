-- Which use each commitment covers. Money is counted in 10^-12, quantities in 10^-6: whole numbers, no rounding.
-- In each step the resources take in order; the one at the edge takes exactly what is left.
CREATE TABLE covered AS
WITH need AS (
    SELECT c.n AS commitment, c.capacity, u.resource, u.sku, u.starts, u.ends, u.day, u.used, e.rate,
           u.used * e.rate AS need,
           coalesce(sum(u.used * e.rate) OVER (
               PARTITION BY c.n, u.starts ORDER BY u.resource ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0)::BIGINT AS before
    FROM commitment c
    JOIN rate e ON e.commitment = c.key
    JOIN usage u ON u.sku = e.sku AND u.day >= c.first AND u.day < c.after
    WHERE u.used > 0
)
SELECT commitment, resource, sku, starts, ends, day,
       CASE WHEN before + need <= capacity THEN used ELSE (capacity - before) // rate END AS covered,
       least(need, capacity - before) AS cost
FROM need WHERE before < capacity;

-- Every step of every commitment, and what was left unused in it.
CREATE TABLE term AS
SELECT c.n AS commitment, d.day, d.day::TIMESTAMP + to_hours(h.hour) AS starts,
       d.day::TIMESTAMP + to_hours(CASE c.grain WHEN 'hour' THEN h.hour + 1 ELSE 24 END) AS ends,
       c.capacity, c.capacity - coalesce(k.cost, 0) AS unused
FROM commitment c
JOIN day d ON d.day >= c.first AND d.day < c.after
JOIN (SELECT unnest(range(24)) AS hour) h ON c.grain = 'hour' OR h.hour = 0
LEFT JOIN (SELECT commitment, starts, sum(cost)::BIGINT AS cost FROM covered GROUP BY ALL) k
    ON k.commitment = c.n AND k.starts = d.day::TIMESTAMP + to_hours(h.hour);
