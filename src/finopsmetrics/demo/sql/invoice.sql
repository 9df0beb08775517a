-- An issued invoice is a whole number of cents: the rest is a charge of its own.
INSERT INTO cut
SELECT source, period, line_id('rounding', source || invoice, period), NULL, NULL, source || '-billing', NULL,
       period::TIMESTAMP, $through::TIMESTAMP, NULL, NULL, NULL, rest, rest, rest, rest, 'Adjustment', NULL,
       'One-Time', NULL, NULL, NULL, 'Rounding of the invoice to whole cents', invoice, NULL
FROM (SELECT source, period, invoice, (round(sum(billed), 2) - sum(billed))::DECIMAL(38, 18) AS rest FROM cut
      GROUP BY ALL)
WHERE rest <> 0;

UPDATE cut SET invoice_id = concat(upper(source), '-', strftime(period, '%Y%m'), '-', invoice);
