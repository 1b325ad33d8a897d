package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"sync"
)

var (
	manifestPath = regexp.MustCompile(`^/v2/(.+)/manifests/[^/]+$`)
	uploadPath   = regexp.MustCompile(`^/v2/.+/blobs/uploads/$`)
)

// front passes requests to a registry. It mounts a blob only from a repository where a manifest refers to it, as Amazon ECR does
// with BLOB_MOUNTING; otherwise the registry starts an upload, with the answer 202.
//
// Arguments: the port of the registry, and the files of certificate and key, or nothing for plain HTTP.
func front(arguments []string) {
	upstream, err := url.Parse("http://127.0.0.1:" + arguments[0])
	if err != nil {
		fail(err)
	}
	var mutex sync.Mutex
	committed := map[string]bool{} // "repository digest"
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	proxy := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(upstream)
			request.Out.Host = request.In.Host // the registry answers with locations at this host
			if request.In.TLS != nil {
				request.Out.Header.Set("X-Forwarded-Proto", "https")
			}
		},
		Transport: transport,
		ModifyResponse: func(response *http.Response) error {
			if found := manifestPath.FindStringSubmatch(response.Request.URL.Path); found != nil && response.StatusCode == http.StatusCreated {
				digests, _ := response.Request.Context().Value(digestsKey{}).([]string)
				mutex.Lock()
				defer mutex.Unlock()
				for _, digest := range digests {
					committed[found[1]+" "+digest] = true
				}
			}
			return nil
		},
	}
	handler := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		if request.Method == http.MethodPost && uploadPath.MatchString(request.URL.Path) && query.Has("mount") {
			mutex.Lock()
			mountable := committed[query.Get("from")+" "+query.Get("mount")]
			mutex.Unlock()
			if !mountable {
				request.URL.RawQuery = ""
			}
		}
		if request.Method == http.MethodPut && manifestPath.MatchString(request.URL.Path) {
			request = withDigests(request)
		}
		proxy.ServeHTTP(response, request)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	fmt.Printf("{\"listeningPort\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	// HTTP/1.1 only: over HTTP/2 all uploads of a client would share one connection, and its limit.
	server := &http.Server{Handler: handler, TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	go func() {
		if len(arguments) == 3 {
			fail(server.ServeTLS(listener, arguments[1], arguments[2]))
		}
		fail(server.Serve(listener))
	}()
	io.Copy(io.Discard, os.Stdin)
}

type digestsKey struct{}

// withDigests reads the manifest of a request, and keeps the digests of its configuration and layers in the request's context.
func withDigests(request *http.Request) *http.Request {
	body, err := io.ReadAll(io.LimitReader(request.Body, 4<<20))
	if err != nil {
		return request
	}
	var manifest struct {
		Config struct{ Digest string }
		Layers []struct{ Digest string }
	}
	json.Unmarshal(body, &manifest)
	digests := []string{manifest.Config.Digest}
	for _, layer := range manifest.Layers {
		digests = append(digests, layer.Digest)
	}
	request = request.WithContext(context.WithValue(request.Context(), digestsKey{}, digests))
	request.Body = io.NopCloser(bytes.NewReader(body))
	return request
}
