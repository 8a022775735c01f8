"""The rule engine: packs over delivered files, without a database, a web server or a queue."""

ENGINE_VERSION = "0.1.0"
