-- The fifty rules of the pack `lines`, written by hand as one query: the rows and groups that fail, rule by rule.
-- `lines`, `accounts` and `agencies` are relations of texts.
WITH cells AS (
    SELECT row_number,
           nullif(trim(symbol), '') AS symbol,
           nullif(trim(document), '') AS document,
           nullif(trim(account), '') AS account,
           nullif(trim(debit_credit), '') AS debit_credit,
           nullif(trim(begin_end), '') AS begin_end,
           nullif(trim(fed_nonfed), '') AS fed_nonfed,
           nullif(trim(trading_partner_agency), '') AS trading_partner_agency,
           nullif(trim(apportionment_category), '') AS apportionment_category,
           nullif(trim(reimbursable_flag), '') AS reimbursable_flag,
           nullif(trim(bea_category), '') AS bea_category,
           nullif(trim(object_class), '') AS object_class,
           amount AS raw_amount,
           CASE WHEN regexp_full_match(amount, ' *[-+]?[0-9]{1,21} *') THEN TRY_CAST(amount AS DECIMAL(22, 0)) END AS amount,
           CASE WHEN regexp_full_match(fiscal_year, ' *[0-9]{1,18} *') THEN TRY_CAST(fiscal_year AS BIGINT) END
               AS fiscal_year,
           CASE WHEN regexp_full_match(period, ' *[0-9]{1,18} *') THEN TRY_CAST(period AS BIGINT) END AS period,
           CASE WHEN regexp_full_match(line, ' *[0-9]{1,18} *') THEN TRY_CAST(line AS BIGINT) END AS line
    FROM lines
), typed AS MATERIALIZED (
    SELECT cells.*,
           CASE debit_credit WHEN 'D' THEN cells.amount WHEN 'C' THEN -cells.amount END AS cents,
           accounts.account IS NOT NULL AS known_account,
           agencies.code IS NOT NULL AS known_agency
    FROM cells
    LEFT JOIN accounts ON accounts.account = cells.account
    LEFT JOIN agencies ON agencies.code = cells.trading_partner_agency
), row_rules AS (
    SELECT row_number, unnest(list_filter([
        CASE WHEN (symbol IS NOT NULL) IS NOT TRUE THEN 'R01' END,
        CASE WHEN (fiscal_year = 2025) IS NOT TRUE THEN 'R02' END,
        CASE WHEN (period = 9) IS NOT TRUE THEN 'R03' END,
        CASE WHEN (period BETWEEN 1 AND 12) IS NOT TRUE THEN 'R04' END,
        CASE WHEN (document IS NOT NULL) IS NOT TRUE THEN 'R05' END,
        CASE WHEN (line BETWEEN 1 AND 500) IS NOT TRUE THEN 'R06' END,
        CASE WHEN (account IS NOT NULL) IS NOT TRUE THEN 'R07' END,
        CASE WHEN (amount IS NOT NULL) IS NOT TRUE THEN 'R08' END,
        CASE WHEN (amount < 1000000000000) IS NOT TRUE THEN 'R09' END,
        CASE WHEN (amount >= 0) IS NOT TRUE THEN 'R10' END,
        CASE WHEN (debit_credit IS NOT NULL) IS NOT TRUE THEN 'R11' END,
        CASE WHEN (begin_end IS NOT NULL) IS NOT TRUE THEN 'R12' END,
        CASE WHEN (length(symbol) <= 40) IS NOT TRUE THEN 'R13' END,
        CASE WHEN (length(account) = 6) IS NOT TRUE THEN 'R14' END,
        CASE WHEN (fed_nonfed IS NULL OR length(fed_nonfed) = 1) IS NOT TRUE THEN 'R15' END,
        CASE WHEN (CASE WHEN fed_nonfed IN ('F', 'G') THEN trading_partner_agency IS NOT NULL
                   ELSE trading_partner_agency IS NULL END) IS NOT TRUE THEN 'R16' END,
        CASE WHEN (trading_partner_agency IS NULL OR length(trading_partner_agency) = 3) IS NOT TRUE THEN 'R17' END,
        CASE WHEN account >= '400000' AND account < '500000' AND (bea_category IS NOT NULL) IS NOT TRUE
             THEN 'R18' END,
        CASE WHEN account NOT LIKE '4%' AND (apportionment_category IS NULL) IS NOT TRUE THEN 'R19' END,
        CASE WHEN (abs(cents) = amount) IS NOT TRUE THEN 'R20' END,
        CASE WHEN (apportionment_category IS NULL OR bea_category IS NOT NULL) IS NOT TRUE THEN 'R21' END,
        CASE WHEN (reimbursable_flag IS NULL OR account LIKE '4%') IS NOT TRUE THEN 'R22' END,
        CASE WHEN (object_class IS NULL OR length(object_class) = 4) IS NOT TRUE THEN 'R23' END,
        CASE WHEN (object_class IS NULL OR object_class >= '1000') IS NOT TRUE THEN 'R24' END,
        CASE WHEN (NOT (begin_end = 'B' AND account IN ('310700', '570000', '590000'))) IS NOT TRUE
             THEN 'R25' END,
        CASE WHEN (amount * 100 >= amount) IS NOT TRUE THEN 'R26' END,
        CASE WHEN (fiscal_year >= 2000 AND fiscal_year < 2100) IS NOT TRUE THEN 'R27' END,
        CASE WHEN ((fed_nonfed IS NOT NULL)::INT + (trading_partner_agency IS NOT NULL)::INT
                   + (apportionment_category IS NOT NULL)::INT + (reimbursable_flag IS NOT NULL)::INT <= 3) IS NOT TRUE
             THEN 'R28' END,
        CASE WHEN ("left"(symbol, 3) <> '000') IS NOT TRUE THEN 'R29' END,
        CASE WHEN (symbol <> account) IS NOT TRUE THEN 'R30' END,
        CASE WHEN regexp_full_match(raw_amount, '[0-9]{1,21}') IS NOT TRUE THEN 'P01' END,
        CASE WHEN regexp_full_match(account, '[1-9][0-9]{5}') IS NOT TRUE THEN 'P02' END,
        CASE WHEN regexp_full_match(symbol, '([0-9]{3}-)?[0-9]{3}-([A-Z]|[0-9]{4}/[0-9]{4})-[0-9]{4}-[0-9]{3}')
                  IS NOT TRUE THEN 'P03' END,
        CASE WHEN (debit_credit IN ('D', 'C')) IS NOT TRUE THEN 'P04' END,
        CASE WHEN (begin_end IN ('B', 'E')) IS NOT TRUE THEN 'P05' END,
        CASE WHEN (fed_nonfed IS NULL OR fed_nonfed IN ('F', 'N', 'G', 'Z', 'E')) IS NOT TRUE THEN 'P06' END,
        CASE WHEN regexp_full_match(document, 'D[0-9]{7}') IS NOT TRUE THEN 'P07' END,
        CASE WHEN (bea_category IS NULL OR bea_category IN ('D', 'M')) IS NOT TRUE THEN 'P08' END,
        CASE WHEN NOT known_account THEN 'L01' END,
        CASE WHEN trading_partner_agency IS NOT NULL AND NOT known_agency THEN 'L02' END
    ], lambda code: code IS NOT NULL)) AS rule
    FROM typed
)
SELECT rule, row_number::VARCHAR AS place FROM row_rules
UNION ALL SELECT 'U01', concat_ws('|', document, line) FROM typed GROUP BY document, line HAVING count(*) > 1
UNION ALL SELECT 'U02', concat_ws('|', symbol, document, line) FROM typed GROUP BY symbol, document, line HAVING count(*) > 1
UNION ALL SELECT 'U03', concat_ws('|', account, document, line) FROM typed
          GROUP BY account, document, line HAVING count(*) > 1
UNION ALL SELECT 'U04', concat_ws('|', begin_end, document, line) FROM typed
          GROUP BY begin_end, document, line HAVING count(*) > 1
UNION ALL SELECT 'B01', concat_ws('|', symbol, begin_end) FROM typed WHERE account NOT LIKE '4%'
          GROUP BY symbol, begin_end HAVING coalesce(sum(cents), 0) <> 0
UNION ALL SELECT 'B02', concat_ws('|', symbol, begin_end) FROM typed WHERE account LIKE '4%'
          GROUP BY symbol, begin_end HAVING coalesce(sum(cents), 0) <> 0
UNION ALL SELECT 'B03', symbol FROM typed GROUP BY symbol
          HAVING coalesce(sum(cents) FILTER (WHERE account = '310700' AND begin_end = 'E'), 0)
              <> -coalesce(sum(cents) FILTER (WHERE account = '570000' AND begin_end = 'E'), 0)
UNION ALL SELECT 'B04', symbol FROM typed GROUP BY symbol
          HAVING coalesce(sum(amount) FILTER (WHERE debit_credit = 'D'), 0)
              <> coalesce(sum(amount) FILTER (WHERE debit_credit = 'C'), 0)
UNION ALL SELECT 'B05', symbol FROM typed WHERE begin_end = 'B' GROUP BY symbol HAVING coalesce(sum(cents), 0) <> 0
UNION ALL SELECT 'B06', concat_ws('|', symbol, begin_end, account) FROM typed WHERE begin_end = 'E'
          GROUP BY symbol, begin_end, account HAVING NOT abs(coalesce(sum(cents), 0)) < 10000000000000
