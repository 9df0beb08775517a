"""FOCUS as data: columns, versions, and how a delivered table becomes exact FOCUS 1.4. Pure: text in, SQL text out."""
