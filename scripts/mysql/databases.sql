-- One database per SQL service, and the rights of the services' user.
CREATE DATABASE IF NOT EXISTS usermicro;
CREATE DATABASE IF NOT EXISTS videomicro;
CREATE DATABASE IF NOT EXISTS commentmicro;
GRANT ALL ON usermicro.* TO douyin@'%';
GRANT ALL ON videomicro.* TO douyin@'%';
GRANT ALL ON commentmicro.* TO douyin@'%';
