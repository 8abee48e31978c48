"""The example programs, on whatever server PERDURE_TEST_SERVER names, else the official one."""
