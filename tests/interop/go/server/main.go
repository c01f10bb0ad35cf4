// An OpAMP server made of opamp-go's `server` package, driven by a test: commands come as JSON lines on stdin, each
// message of an agent goes as a JSON line to stdout. The first line has the address.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sort"
	"strconv"
	"sync"

	"github.com/open-telemetry/opamp-go/protobufs"
	"github.com/open-telemetry/opamp-go/server"
	"github.com/open-telemetry/opamp-go/server/types"
	"google.golang.org/protobuf/encoding/protojson"
)

// What the server does from now on. A command replaces only what it names.
type command struct {
	Files           map[string]string // offered as remote config
	Status          *int              // refuse connections with this HTTP status; 0: take them
	RetryAfter      *int              // seconds, with Status
	Error           *string           // answer with this ServerErrorResponse type; "": do not
	RetryNanos      uint64            // with Error "Unavailable"
	ReportFullState bool              // in the next answer
	NewUid          []byte            // in the next answer
	Heartbeat       uint64            // seconds, in the next answer
	Token           string            // as the Authorization of the next connection settings
}

type desk struct {
	mutex      sync.Mutex
	config     *protobufs.AgentRemoteConfig
	status     int
	retryAfter int
	error      string
	retryNanos uint64
	next       command
	output     *bufio.Writer
}

func (d *desk) obey(c command) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if c.Files != nil {
		d.config = remoteConfig(c.Files)
	}
	if c.Status != nil {
		d.status, d.retryAfter = *c.Status, 0
	}
	if c.RetryAfter != nil {
		d.retryAfter = *c.RetryAfter
	}
	if c.Error != nil {
		d.error, d.retryNanos = *c.Error, c.RetryNanos
	}
	d.next = c
}

func remoteConfig(files map[string]string) *protobufs.AgentRemoteConfig {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	all := map[string]*protobufs.AgentConfigFile{}
	var bytes bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&bytes, "%q %q\n", name, files[name])
		all[name] = &protobufs.AgentConfigFile{Body: []byte(files[name]), ContentType: "text/toml"}
	}
	hash := sha256.Sum256(bytes.Bytes())
	return &protobufs.AgentRemoteConfig{
		Config: &protobufs.AgentConfigMap{ConfigMap: all}, ConfigHash: hash[:],
	}
}

func (d *desk) connecting(request *http.Request) types.ConnectionResponse {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.tell("connecting", map[string]string{
		"authorization": request.Header.Get("Authorization"),
		"encoding":      request.Header.Get("Content-Encoding"),
		"length":        strconv.FormatInt(request.ContentLength, 10),
	})
	if d.status != 0 {
		headers := map[string]string{}
		if d.retryAfter > 0 {
			headers["Retry-After"] = strconv.Itoa(d.retryAfter)
		}
		return types.ConnectionResponse{HTTPStatusCode: d.status, HTTPResponseHeader: headers}
	}
	return types.ConnectionResponse{Accept: true, ConnectionCallbacks: types.ConnectionCallbacks{
		OnMessage: func(_ context.Context, _ types.Connection, message *protobufs.AgentToServer) *protobufs.ServerToAgent {
			return d.answer(message)
		},
		OnReadMessageError: func(_ types.Connection, _ int, _ []byte, err error) {
			d.mutex.Lock()
			defer d.mutex.Unlock()
			d.tell("unreadable", map[string]string{"error": err.Error()})
		},
	}}
}

func (d *desk) answer(message *protobufs.AgentToServer) *protobufs.ServerToAgent {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	text, _ := protojson.Marshal(message)
	d.tell("message", json.RawMessage(text))
	answer := &protobufs.ServerToAgent{
		InstanceUid: message.InstanceUid,
		Capabilities: uint64(protobufs.ServerCapabilities_ServerCapabilities_AcceptsStatus |
			protobufs.ServerCapabilities_ServerCapabilities_OffersRemoteConfig |
			protobufs.ServerCapabilities_ServerCapabilities_AcceptsEffectiveConfig |
			protobufs.ServerCapabilities_ServerCapabilities_OffersConnectionSettings),
	}
	if d.error != "" {
		answer.ErrorResponse = &protobufs.ServerErrorResponse{
			Type:         protobufs.ServerErrorResponseType(protobufs.ServerErrorResponseType_value["ServerErrorResponseType_"+d.error]),
			ErrorMessage: "as the test says",
		}
		if d.retryNanos > 0 {
			answer.ErrorResponse.Details = &protobufs.ServerErrorResponse_RetryInfo{
				RetryInfo: &protobufs.RetryInfo{RetryAfterNanoseconds: d.retryNanos}}
		}
		return answer
	}
	answer.RemoteConfig = d.config
	if d.next.ReportFullState {
		answer.Flags = uint64(protobufs.ServerToAgentFlags_ServerToAgentFlags_ReportFullState)
	}
	if d.next.NewUid != nil {
		answer.AgentIdentification = &protobufs.AgentIdentification{NewInstanceUid: d.next.NewUid}
	}
	if d.next.Heartbeat > 0 || d.next.Token != "" {
		settings := &protobufs.OpAMPConnectionSettings{HeartbeatIntervalSeconds: d.next.Heartbeat}
		if d.next.Token != "" {
			settings.Headers = &protobufs.Headers{Headers: []*protobufs.Header{
				{Key: "Authorization", Value: "Bearer " + d.next.Token}}}
		}
		answer.ConnectionSettings = &protobufs.ConnectionSettingsOffers{Hash: []byte(fmt.Sprint(settings)), Opamp: settings}
	}
	d.next = command{}
	return answer
}

func (d *desk) tell(what string, value any) {
	text, err := json.Marshal(map[string]any{what: value})
	if err != nil {
		panic(err)
	}
	d.output.Write(append(text, '\n'))
	d.output.Flush()
}

type silent struct{}

func (silent) Debugf(context.Context, string, ...any) {}
func (silent) Errorf(context.Context, string, ...any) {}

func main() {
	d := &desk{output: bufio.NewWriter(os.Stdout)}
	opamp := server.New(silent{})
	err := opamp.Start(server.StartSettings{
		Settings:       server.Settings{Callbacks: types.Callbacks{OnConnecting: d.connecting}, EnableCompression: true},
		ListenEndpoint: "127.0.0.1:" + os.Args[1],
	})
	if err != nil {
		panic(err)
	}
	d.tell("address", opamp.Addr().String())
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		d.obey(c)
		d.mutex.Lock()
		d.tell("obeyed", true)
		d.mutex.Unlock()
	}
	opamp.Stop(context.Background())
}
