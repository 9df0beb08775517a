-- Support of AWS is a share of the use of the month.
INSERT INTO cut
SELECT source, period, line_id('support', source, period), NULL, NULL, 'aws-support', NULL, period::TIMESTAMP,
       $through::TIMESTAMP, 1, fee, fee, fee, fee, fee, fee, 'Usage', NULL, 'Recurring', 'Standard', NULL, NULL,
       'Business support, 3 % of use', '1', NULL
FROM (SELECT source, period, round((sum(billed) * 0.03::DECIMAL(3, 2))::DECIMAL(38, 18), 2) AS fee FROM cut
      WHERE category = 'Usage' AND class IS NULL GROUP BY ALL);
