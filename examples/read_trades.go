// Prints trades from Kafka in single-object encoding, that is without a schema registry. Needs Go, and schemas/ of
// market-feed. Run it from the repository's root:
//
//	go run -C examples . localhost:9092 market.trades
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

const schemas = "../schemas"

// Trade has the fields of a TradeEvent that this program uses; others are skipped.
type Trade struct {
	Venue        string    `avro:"venue"`
	Symbol       string    `avro:"symbol"`
	Environment  string    `avro:"environment"`
	Price        *big.Rat  `avro:"price"` // exact
	Quantity     *big.Rat  `avro:"quantity"`
	IsBuyerMaker bool      `avro:"is_buyer_maker"` // the taker sold
	Timestamp    time.Time `avro:"timestamp"`
}

// readSchemas returns each schema of the topic's record by the fingerprint in a message. The fingerprints come from a file,
// because this library computes others.
func readSchemas() (map[string]avro.Schema, error) {
	text, err := os.ReadFile(filepath.Join(schemas, "fingerprints.json"))
	if err != nil {
		return nil, err
	}
	var files map[string]string
	if err := json.Unmarshal(text, &files); err != nil {
		return nil, err
	}
	known := map[string]avro.Schema{}
	for fingerprint, file := range files {
		if filepath.Base(file) != "trade-event.avsc" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(schemas, file))
		if err != nil {
			return nil, err
		}
		// A cache for each file, because several versions have the same name.
		if known[fingerprint], err = avro.ParseBytesWithCache(text, "", &avro.SchemaCache{}); err != nil {
			return nil, err
		}
	}
	return known, nil
}

func decode(message []byte, known map[string]avro.Schema) (trade Trade, err error) {
	if len(message) < 10 || message[0] != 0xc3 || message[1] != 0x01 {
		return trade, fmt.Errorf("no single-object encoding: % x", message[:min(len(message), 10)])
	}
	fingerprint := hex.EncodeToString(message[2:10])
	schema, ok := known[fingerprint]
	if !ok {
		return trade, fmt.Errorf("no schema of trades has the fingerprint %s", fingerprint)
	}
	err = avro.Unmarshal(schema, message[10:], &trade)
	return trade, err
}

// decimalText returns a decimal of at most 18 places without zeros at its end.
func decimalText(decimal *big.Rat) string {
	return strings.TrimSuffix(strings.TrimRight(decimal.FloatString(18), "0"), ".")
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go run -C examples . BROKER TOPIC")
	}
	known, err := readSchemas()
	if err != nil {
		log.Fatal(err)
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(os.Args[1]),
		kgo.ConsumeTopics(os.Args[2]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(context.Background())
		for _, failed := range fetches.Errors() {
			log.Fatal(failed.Err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			trade, err := decode(record.Value, known)
			if err != nil {
				log.Fatal(err)
			}
			side := "buy"
			if trade.IsBuyerMaker {
				side = "sell"
			}
			fmt.Println(trade.Timestamp.UTC().Format(time.RFC3339Nano), trade.Symbol, side, decimalText(trade.Price), "x",
				decimalText(trade.Quantity), "at", trade.Venue)
		})
	}
}
