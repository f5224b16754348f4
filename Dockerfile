# One service or the portal as an image: docker build --build-arg PROJECT=Payments .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG PROJECT
WORKDIR /source
COPY . .
RUN dotnet publish */$PROJECT --configuration Release --output /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
ARG PROJECT
WORKDIR /app
COPY --from=build /app .
ENV ASSEMBLY=Community.$PROJECT.dll
ENV ASPNETCORE_HTTP_PORTS=8080
USER $APP_UID
# The image has no curl; its bash can ask.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=12 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["sh", "-c", "exec dotnet $ASSEMBLY"]
