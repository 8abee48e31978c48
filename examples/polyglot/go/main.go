// The house of exchange rates: a worker in Go among those of other languages.
package main

import (
	"cmp"
	"log"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
)

func main() {
	address := cmp.Or(os.Getenv("ENGINE_ADDRESS"), client.DefaultHostPort)
	connection, err := client.Dial(client.Options{HostPort: address})
	if err != nil {
		log.Fatalf("nothing answers at ENGINE_ADDRESS=%s: %v", address, err)
	}
	defer connection.Close()

	house := worker.New(connection, taskQueue, worker.Options{})
	house.RegisterWorkflow(ForwardPayment)
	house.RegisterActivity(QuoteRate)
	if err := house.Run(worker.InterruptCh()); err != nil {
		log.Fatal(err)
	}
}
