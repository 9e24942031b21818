// socket.io of zishang520 for the measuring stand: `socketio PORT`.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/zishang520/engine.io/v2/types"
	"github.com/zishang520/socket.io/v2/socket"
)

func main() {
	options := socket.DefaultServerOptions()
	options.SetServeClient(false)
	options.SetCors(&types.Cors{Origin: "http://localhost:5000", Credentials: true})
	options.SetHttpCompression(nil)
	// On, though no client here asks for it: where it is off, v2.5.0 writes only the first broadcast of
	// those that wait for a client and drops the rest.
	options.SetPerMessageDeflate(&types.PerMessageDeflate{Threshold: 1 << 20})
	io := socket.NewServer(nil, nil)
	io.On("connection", func(clients ...any) {
		client := clients[0].(*socket.Socket)
		client.On("echo", func(args ...any) {
			args[1].(socket.Ack)([]any{args[0]}, nil)
		})
		client.On("bcast", func(args ...any) {
			io.Emit("msg", args[0])
		})
		client.On("enter", func(args ...any) {
			client.Join(socket.Room(args[0].(string)))
			args[1].(socket.Ack)(nil, nil)
		})
		client.On("tell", func(args ...any) {
			message := args[0].([]any)
			io.To(socket.Room(message[0].(string))).Emit("msg", message[1])
		})
	})
	http.Handle("/socket.io/", io.ServeHandler(options))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
