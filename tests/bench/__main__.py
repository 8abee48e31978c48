from tests.bench.compare import main

main()
