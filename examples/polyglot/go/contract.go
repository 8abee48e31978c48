package main

// What goes from house to house, as in ../contract.json. Amounts are in the
// smallest unit of their currency, so no language has to reckon with fractions.

const (
	bank      = "go"
	currency  = "GBP"
	taskQueue = "payments-go"
)

type Payment struct {
	ID       string   `json:"id"`
	Payee    string   `json:"payee"`
	Amount   int64    `json:"amount"`
	Currency string   `json:"currency"`
	Route    []string `json:"route"`
}

type Party struct {
	Bank string `json:"bank"`
	Name string `json:"name"`
}

type Exchange struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Into     string `json:"into"`
}

type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type Booking struct {
	Key      string `json:"key"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type Receipt struct {
	Payment  string `json:"payment"`
	Bank     string `json:"bank"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type Hop struct {
	Bank      string `json:"bank"`
	Clearance string `json:"clearance"`
	Booking   string `json:"booking"`
	Receipt   string `json:"receipt"`
}

type Outcome struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Hops     []Hop  `json:"hops"`
}
