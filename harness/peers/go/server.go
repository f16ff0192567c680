// An echo server on gorilla/websocket, at $WS_PORT.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gorilla/websocket"
)

func main() {
	upgrader := websocket.Upgrader{EnableCompression: true}
	echo := func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer socket.Close()
		for {
			kind, message, err := socket.ReadMessage()
			if err != nil {
				return // The other end judges it.
			}
			if socket.WriteMessage(kind, message) != nil {
				return
			}
		}
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("WS_PORT"), http.HandlerFunc(echo)))
}
