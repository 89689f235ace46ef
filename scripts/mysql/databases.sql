-- A database for each service that keeps SQL, and who may use them.
CREATE DATABASE IF NOT EXISTS usermicro;
CREATE DATABASE IF NOT EXISTS videomicro;
CREATE DATABASE IF NOT EXISTS commentmicro;
GRANT ALL ON usermicro.* TO douyin@'%';
GRANT ALL ON videomicro.* TO douyin@'%';
GRANT ALL ON commentmicro.* TO douyin@'%';
