-- What every resource used, step by step, in millionths of its unit. `steady` is the use without planted events.
CREATE TABLE usage AS
WITH step AS (
    SELECT r.n AS resource, d.day, d.n AS day_n, 0 AS hour, r.base * (10000 + r.growth * d.n // 30) // 10000
           * s.factor // 10000 AS level
    FROM resource r
    JOIN day d ON d.day >= r.created AND d.day < r.retired
    JOIN shape s ON s.profile = r.profile AND s.day = d.day
    WHERE r.grain = 'day'
    UNION ALL
    SELECT r.n, d.day, d.n, h.hour, r.base
    FROM resource r
    JOIN day d ON d.day >= r.created AND d.day < r.retired
    JOIN hour h ON h.profile = r.profile AND h.day = d.day
    WHERE r.grain = 'hour'
), drawn AS (
    SELECT step.*, r.key, r.sku AS base_sku, r.step, r.event, r.grain, r.prompt, r.source, r.account,
           CASE WHEN r.noise = 0 THEN 0 ELSE
               (md5_number_lower(concat_ws(':', $seed, r.key, step.day_n)) % (2 * r.noise + 1)::UBIGINT)::BIGINT
               - r.noise END AS noise
    FROM step JOIN resource r ON r.n = step.resource
), boosted AS (
    SELECT drawn.*, level * (10000 + noise) // 10000 AS quiet, coalesce(b.factor, 10000) AS factor
    FROM drawn LEFT JOIN boost b ON b.resource = drawn.key AND b.day = drawn.day
)
SELECT u.resource, u.key, u.source, u.account, u.day, u.grain, u.prompt,
       u.day::TIMESTAMP + to_hours(u.hour) AS starts,
       u.day::TIMESTAMP + CASE u.grain WHEN 'hour' THEN to_hours(u.hour + 1) ELSE to_hours(24) END AS ends,
       coalesce(x.sku, u.base_sku) AS sku, u.base_sku,
       quiet * factor // 10000 - (quiet * factor // 10000) % step AS used,
       CASE WHEN u.event IS NULL THEN quiet - quiet % step ELSE 0 END AS steady
FROM boosted u
LEFT JOIN reclass x ON x.resource = u.key AND u.day >= x.first AND u.day < x.after;
