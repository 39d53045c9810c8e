// The same work as baseline/script.ts, as one writes it in Go: gorilla/websocket, encoding/json, hamba/avro and
// franz-go. It does not reconnect, check the data, detect gaps, drop duplicates, watch for stale data or report a
// status. Arguments: WebSocket URL, broker, topic, schema file, the header of its
// single-object encoding in hex, symbols.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"log"
	"math/big"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

type frame struct {
	Data *struct {
		// encoding/json ignores case if no field has the exact name, so "e" and "M" need fields, too.
		Event     string `json:"e"`
		EventTime int64  `json:"E"`
		Symbol    string `json:"s"`
		ID        int64  `json:"t"`
		Price     string `json:"p"`
		Quantity  string `json:"q"`
		Time      int64  `json:"T"`
		IsMaker   bool   `json:"m"`
		Unused    bool   `json:"M"`
	} `json:"data"`
}

type tradeEvent struct {
	Venue        string   `avro:"venue"`
	Symbol       string   `avro:"symbol"`
	VenueSymbol  string   `avro:"venue_symbol"`
	Coin         string   `avro:"coin"`
	Environment  string   `avro:"environment"`
	Epoch        int64    `avro:"epoch"`
	ReceivedAt   int64    `avro:"received_at"`
	Price        []byte   `avro:"price"`
	Quantity     []byte   `avro:"quantity"`
	IsBuyerMaker bool     `avro:"is_buyer_maker"`
	Timestamp    int64    `avro:"timestamp"`
	EventTime    *int64   `avro:"event_time"`
	TradeID      string   `avro:"trade_id"`
	LastTradeID  *string  `avro:"last_trade_id"`
	Conditions   []string `avro:"conditions"`
	Source       string   `avro:"source"`
	TimestampUs  *int64   `avro:"timestamp_us"`
}

// Cache of encoded decimals, because prices and quantities repeat.
var decimals = map[string][]byte{}

// Binance writes 8 decimal places; the schema has 18.
var tenPlaces = big.NewInt(10_000_000_000)

func decimal(text string) []byte {
	if bytes, ok := decimals[text]; ok {
		return bytes
	}
	digits, ok := new(big.Int).SetString(strings.Replace(text, ".", "", 1), 10)
	if !ok {
		log.Fatalf("not a decimal: %s", text)
	}
	// The leading zero keeps the sign bit clear.
	bytes := append([]byte{0}, digits.Mul(digits, tenPlaces).Bytes()...)
	if len(decimals) == 10_000 {
		clear(decimals)
	}
	decimals[text] = bytes
	return bytes
}

func main() {
	url, broker, topic, schemaFile, symbols := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[6:]
	schemaText, err := os.ReadFile(schemaFile)
	must(err)
	schema := avro.MustParse(string(schemaText))
	header, err := hex.DecodeString(os.Args[5])
	must(err)
	producer, err := kgo.NewClient(
		kgo.SeedBrokers(broker),
		kgo.DefaultProduceTopic(topic),
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	)
	must(err)

	dialer := websocket.Dialer{ReadBufferSize: 64 * 1024}
	socket, _, err := dialer.Dial(url, nil)
	must(err)
	streams := make([]string, len(symbols))
	for i, symbol := range symbols {
		streams[i] = strings.ToLower(symbol) + "@trade"
	}
	must(socket.WriteJSON(map[string]any{"method": "SUBSCRIBE", "params": streams, "id": 1}))

	stopped, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	context.AfterFunc(stopped, func() { socket.Close() })
	for {
		_, message, err := socket.ReadMessage()
		if stopped.Err() != nil {
			break
		}
		must(err)
		var received frame
		must(json.Unmarshal(message, &received))
		data := received.Data
		if data == nil {
			continue
		}
		body, err := avro.Marshal(schema, tradeEvent{
			Venue: "binance", Symbol: data.Symbol, VenueSymbol: data.Symbol,
			Coin: data.Symbol[:len(data.Symbol)-4], Environment: "simulated", Epoch: 1,
			ReceivedAt: time.Now().UnixMicro(), Price: decimal(data.Price), Quantity: decimal(data.Quantity),
			IsBuyerMaker: data.IsMaker, Timestamp: data.Time, EventTime: &data.EventTime,
			TradeID: strconv.FormatInt(data.ID, 10), Source: "live",
		})
		must(err)
		producer.Produce(context.Background(), &kgo.Record{Key: []byte(data.Symbol), Value: slices.Concat(header, body)}, sent)
	}
	must(producer.Flush(context.Background()))
}

func sent(_ *kgo.Record, err error) {
	must(err)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
