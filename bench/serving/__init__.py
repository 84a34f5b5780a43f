"""The service under load: texts, clients, and what it is compared with."""
