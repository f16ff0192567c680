// Converses with the echo server at $WS_URL on gorilla/websocket, and tells it what came of it.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"

	"github.com/gorilla/websocket"
)

func main() {
	dialer := websocket.Dialer{EnableCompression: true}
	socket, _, err := dialer.Dial(os.Getenv("WS_URL"), nil)
	if err != nil {
		log.Fatal(err)
	}
	good := 0
	for _, kind := range []int{websocket.TextMessage, websocket.BinaryMessage} {
		for _, length := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
			message := bytes.Repeat([]byte("a"), length)
			if err := socket.WriteMessage(kind, message); err != nil {
				log.Fatal(err)
			}
			got, echo, err := socket.ReadMessage()
			if err != nil || got != kind || !bytes.Equal(echo, message) {
				log.Fatal(kind, length, err)
			}
			good++
		}
	}
	told := fmt.Sprintf("result %d", good)
	if err := socket.WriteMessage(websocket.TextMessage, []byte(told)); err != nil {
		log.Fatal(err)
	}
	socket.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""))
	_, _, err = socket.ReadMessage()
	for err == nil {
		_, _, err = socket.ReadMessage()
	}
	if !websocket.IsCloseError(err, 1000) {
		log.Fatal(err)
	}
}
