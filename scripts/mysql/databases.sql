-- A database for each service that keeps SQL.
CREATE DATABASE IF NOT EXISTS usermicro;
CREATE DATABASE IF NOT EXISTS videomicro;
CREATE DATABASE IF NOT EXISTS commentmicro;
